"""Rules over the resources of one region's stack.

Nothing here imports the program, its configuration or its components: a rule that shared code with what it
judges would repeat its mistakes. What a rule needs of the platform it reads as the engine hands it over.
"""
