"""The rules of call, message and API rating, written a second time, exactly and plainly, to check the product against."""
