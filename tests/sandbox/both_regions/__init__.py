"""The whole program, both regions, on the real engine: brought up once for all tests of this folder."""
