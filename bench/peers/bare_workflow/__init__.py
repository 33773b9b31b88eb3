"""The plain handler beside the smallest workflow of our shape: the least that Temporal costs.

An update that starts the workflow and is answered, a timer, a signal; no activity, no search
attribute. All work is done by the handlers, so this is no way to build a shop: it is a limit.
"""

TASK_QUEUE = "bare-workflow"
