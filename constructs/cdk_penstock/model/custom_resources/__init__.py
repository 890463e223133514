"""The custom resources: one class each, which its construct writes into the template and its handler reads."""
