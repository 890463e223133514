"""The shortest app: one PyFlink job on MSF, with production defaults."""

from aws_cdk import App, Stack

from cdk_penstock.application import PyFlinkApplication

app = App()
stack = Stack(app, "Vehicles")
PyFlinkApplication(
    stack, "Metrics", folder="flink_app/vehicle_metrics", application_name="vehicle-metrics", parallelism=4
)
app.synth()
