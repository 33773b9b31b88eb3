"""Temporal as its samples show it: start_workflow, four activities, a query polled for the URL.

https://github.com/temporalio/samples-python. They poll every half second; a buyer who waits for a
page deserves better, so it is a tenth here.
"""

TASK_QUEUE = "samples-style"
