"""Plain tables on standard output."""


def number(value, digits=0):
    """A number for people: thousands apart, a dash for none."""
    if value is None:
        return "-"
    return f"{value:,.{digits}f}"


def ratio(mine, other):
    return None if not other or mine is None else mine / other


def times(value):
    return "-" if value is None else f"{value:.1f}x"


class Table:
    def __init__(self, title, *columns):
        self.title = title
        self.columns = columns
        self.rows = []

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])

    def show(self, *notes):
        """Prints the table in Markdown, so that it can be put into a page as it is."""
        widths = [max(len(row[i]) for row in [list(self.columns), *self.rows]) for i in range(len(self.columns))]
        print(f"\n### {self.title}\n")
        print("| " + " | ".join(name.ljust(width) for name, width in zip(self.columns, widths)) + " |")
        print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
        for row in self.rows:
            print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        for note in notes:
            print(f"\n{note}")
        print(flush=True)
