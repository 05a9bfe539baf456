"""What a region is made of; each folder is one concept and knows none of the others, ``shared`` aside."""
