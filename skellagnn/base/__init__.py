"""What every room needs: names, numbers, memory, progress."""
