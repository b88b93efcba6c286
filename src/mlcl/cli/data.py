"""``mlcl data``: look at data files."""

from cyclopts import App

from mlcl.cli.data_inspect import inspect, verify

data = App(name="data", help="Look at data files: what they hold, and what is wrong with them.")
data.command(inspect)
data.command(verify)
