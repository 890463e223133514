"""The admin API of a local MSF, for its status page and for tests of programs that operate MSF.

All is JSON, under ``/_admin/``. A request that changes something has the Content-Type ``application/json``, or the
header ``X-Penstock-Admin: 1``. ``?account=`` and ``?region=`` tell which application is meant if several have the name.

====================================================== ================================================================
``GET /state``                                         applications, versions, snapshots with keys, operations
``GET /events``                                        server-sent events, one at each change
``GET``, ``PUT``, ``DELETE /applications/NAME/faults`` the fields of ``Faults``; those that are left out are no fault
``POST /applications/NAME/scale``                      ``{"direction": "up"}`` or ``"down"``, as autoscaling does it
``POST /applications/NAME/maintenance``                a restart, as in a maintenance window
``POST /applications/NAME/kill-task-manager``          the loss of a machine
``POST /applications/NAME/dashboard``                  the address of Flink's pages, as ``{"url": ...}``
``PUT``, ``DELETE /keys/ARN/disabled``                 disables a KMS key, and enables it again
``GET``, ``PUT /iam-delay``                            ``{"seconds": 5}``: changes of permissions are seen late
====================================================== ================================================================
"""

from cdk_penstock.local.service.admin.routes import admin_routes

__all__ = ("admin_routes",)
