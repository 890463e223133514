"""Real Kafka, Flink and Prometheus on one machine, to run the very package that would be deployed.

Start with :class:`cdk_penstock.local.pipeline.LocalPipeline`, which composes the three; each of them also stands alone.
Everything listens on loopback only, lives in one separate folder, and is stopped by its process id.
"""
