//! A table whose columns are known before its first row, so that rows can be written one by one
//! while a run goes on and still stand under each other.

use crate::line::Line;
use crate::page::Page;
use crate::style::{Style, Tone};

/// Between columns.
const GAP: usize = 2;
/// How far in the cells stand that found no room in their row.
const BELOW: usize = 6;

/// Where a cell stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    head: Line,
    width: usize,
    align: Align,
}

impl Column {
    /// A column under its head, as wide as the wider of head and `width`.
    pub(crate) fn new(head: &str, width: usize, align: Align, style: &Style) -> Self {
        let head = Line::of(Tone::Quiet, style.clean(head));
        Self {
            width: width.max(head.width()),
            head,
            align,
        }
    }
}

/// The columns of a table and how many of them fit beside each other.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    indent: usize,
    columns: Vec<Column>,
    beside: usize,
}

impl Table {
    /// A table behind `indent` columns. Columns that do not fit are listed below their row.
    pub(crate) fn new(indent: usize, columns: Vec<Column>, style: &Style) -> Self {
        let mut used = indent;
        let mut beside = 0;
        for column in &columns {
            used += column.width + if beside == 0 { 0 } else { GAP };
            if beside > 0 && used > style.columns() {
                break;
            }
            beside += 1;
        }
        Self {
            indent,
            columns,
            beside,
        }
    }

    /// Writes the heads.
    pub(crate) fn head(&self, page: &mut Page) {
        let heads = self.columns.iter().map(|column| column.head.clone());
        let heads: Vec<Line> = heads.take(self.beside).collect();
        self.row_of(page, &Line::default(), &heads);
    }

    /// Writes a row: `mark` in the indentation, one cell a column.
    pub(crate) fn row(&self, page: &mut Page, mark: &Line, cells: &[Line]) {
        self.row_of(page, mark, &cells[..self.beside.min(cells.len())]);
        for (column, cell) in self.columns.iter().zip(cells).skip(self.beside) {
            if !cell.is_blank() {
                let label = column.head.clone().then(Tone::Plain, "  ");
                page.line(BELOW, &label.join(cell.clone()));
            }
        }
    }

    fn row_of(&self, page: &mut Page, mark: &Line, cells: &[Line]) {
        let style = page.style();
        let mut line = mark.clean(&style).padded(self.indent);
        let last = cells.len().saturating_sub(1);
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let cell = cell.clean(&style);
            let room = style.columns().saturating_sub(line.width());
            if index == last {
                // The last cell has the rest of the page, and continues under itself.
                let start = " ".repeat(line.width());
                let cell = match column.align {
                    Align::Left => cell,
                    Align::Right => cell.right(column.width),
                };
                for part in cell.wrapped(room.max(1), room.max(1)) {
                    page.put(&std::mem::replace(&mut line, Line::plain(&start)).join(part));
                }
                return;
            }
            let cell = cell.shortened(column.width, &style);
            let cell = match column.align {
                Align::Left => cell.padded(column.width),
                Align::Right => cell.right(column.width),
            };
            line = line.join(cell).then(Tone::Plain, " ".repeat(GAP));
        }
        page.put(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: usize, expected: &str) {
        let style = Style {
            width: columns,
            ..Style::PLAIN
        };
        let table = Table::new(
            2,
            vec![
                Column::new("phase", 8, Align::Left, &style),
                Column::new("for", 4, Align::Right, &style),
                Column::new("orders → payments", 12, Align::Left, &style),
            ],
            &style,
        );
        let mut page = Page::new(style);
        table.head(&mut page);
        let cells = ["fault", "30 s", "1 497 requests touched"].map(Line::plain);
        table.row(&mut page, &Line::plain("▌"), &cells);
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn columns_stand_beside_each_other() {
        check(
            60,
            "  phase      for  orders → payments\n\
             ▌ fault     30 s  1 497 requests touched\n",
        );
    }

    #[test]
    fn the_last_cell_continues_under_itself() {
        check(
            36,
            "  phase      for  orders → payments\n\
             ▌ fault     30 s  1 497 requests\n                  \
             touched\n",
        );
    }

    #[test]
    fn what_finds_no_room_stands_below() {
        check(
            30,
            "  phase      for\n\
             ▌ fault     30 s\n      orders → payments  1 497\n        requests touched\n",
        );
    }
}
