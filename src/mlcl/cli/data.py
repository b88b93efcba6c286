"""``mlcl data``: verbs for data files."""

from cyclopts import App

from mlcl.cli.data_convert import convert, split

data = App(name="data", help="Look at data files, convert them, and divide them anew.")
data.command(convert)
data.command(split)
