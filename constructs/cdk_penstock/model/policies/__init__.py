"""IAM and KMS policies as pure, typed documents, each statement with the page that it comes from."""
