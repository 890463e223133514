"""IAM and KMS policies as pure, typed documents, each statement with the AWS page that it comes from."""
