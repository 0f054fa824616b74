"""What every API shares: strict JSON, wire types, one error body, one transaction per request."""
