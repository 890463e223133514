"""Questions that only an AWS account answers, each with an experiment that answers it; see docs/proof.md."""
