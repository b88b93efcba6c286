"""``mlcl data``: verbs for data files."""

from cyclopts import App

from mlcl.cli.data_convert import convert, split
from mlcl.cli.data_inspect import inspect, layouts, verify

data = App(name="data", help="Look at data files, convert them, and divide them anew.")
for verb in (inspect, verify, convert, split, layouts):
    data.command(verb)
