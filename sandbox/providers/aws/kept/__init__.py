"""What moto lacks or forgets, answered beside it: the same operations, checked by the same service models."""
