"""One file for each schema there has been. A revision that was released is never edited."""
