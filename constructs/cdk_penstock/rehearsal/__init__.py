"""The rehearsal: plays the deployment of a cloud assembly on this machine, and records who was allowed what by whom.

An engine takes CloudFormation's part, in a world of roles, keys and applications where every call is decided by the
policies of the templates. The code of custom resources is the code of their assets.
"""
