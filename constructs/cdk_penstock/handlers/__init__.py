"""Entry points of Lambda functions, thin over ``cdk_penstock.control``.

A module with ``handle`` is a function that a schedule or a rule calls. All others serve a custom resource of
CloudFormation: ``on_event`` and ``is_complete``, as the CDK's provider framework calls them. ``on_event`` changes
nothing: where it fails on Create, the framework never sends the Delete that would undo a change. ``is_complete`` looks
at the state, takes one step at most and returns; the framework calls it again until it is done, for up to 55 minutes.
What has to be remembered between calls, ``on_event`` returns once and the framework repeats. What passes by itself is
waited for in ``cdk_penstock.handlers.handler``, for all of them.
"""
