//! Frames as bytes: rows that moved, then what differs, into a buffer; nothing at all when nothing changed.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer as Cells, Cell};
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};

use super::shift::Shift;

/// DEC mode 2026: the terminal shows what is between at once, without tearing.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Where the size of the terminal comes from.
pub type SizeOf = Box<dyn Fn() -> io::Result<Size>>;

/// The screen as last drawn, and the bytes that lead to the next frame.
pub struct Screen {
    terminal: Terminal<FrameBackend>,
    bytes: Rc<RefCell<Vec<u8>>>,
    /// Shows, hides and places the cursor, which comes after the cells.
    cursor: Rc<RefCell<Vec<u8>>>,
    /// What the terminal shows.
    shown: Cells,
    synchronized: bool,
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Screen {
    /// A screen whose first frame draws every cell.
    pub fn new(size: SizeOf, synchronized: bool) -> io::Result<Self> {
        let bytes = Rc::new(RefCell::new(Vec::new()));
        let cursor = Rc::new(RefCell::new(Vec::new()));
        let backend = FrameBackend {
            inner: CrosstermBackend::new(Buffer(Rc::clone(&bytes))),
            cursor: CrosstermBackend::new(Buffer(Rc::clone(&cursor))),
            size,
            cursor_shown: false,
        };
        let terminal = Terminal::new(backend)?;
        bytes.borrow_mut().clear();
        cursor.borrow_mut().clear();
        Ok(Self {
            terminal,
            bytes,
            cursor,
            shown: Cells::default(),
            synchronized,
        })
    }

    /// Draws, and returns the bytes that make the terminal show it; empty if it does already.
    pub fn frame(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<Vec<u8>> {
        let next = self.terminal.draw(draw)?.buffer.clone();
        if self.shown.area != next.area {
            self.shown = Cells::empty(next.area);
        } else if let Some(shift) = Shift::between(&self.shown, &next) {
            shift.apply(&mut self.shown);
            self.bytes.borrow_mut().extend_from_slice(shift.bytes().as_bytes());
        }
        let mut changed = self.shown.diff_iter(&next).peekable();
        if changed.peek().is_some() {
            self.terminal.backend_mut().inner.draw(changed)?;
        }
        self.shown = next;
        let drawn = [self.bytes.take(), self.cursor.take()].concat();
        if drawn.is_empty() || !self.synchronized {
            return Ok(drawn);
        }
        Ok([BEGIN, &drawn, END].concat())
    }

    /// What is on the terminal is not known any more: the next frame clears it and draws every cell.
    pub fn forget(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().cursor_shown = true;
        self.shown.reset();
        self.terminal.clear()
    }

    pub fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }
}

struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Crossterm's backend, but for the cells, which [`Screen::frame`] writes, and for writing nothing when there is
/// nothing to say.
struct FrameBackend {
    inner: CrosstermBackend<Buffer>,
    cursor: CrosstermBackend<Buffer>,
    size: SizeOf,
    cursor_shown: bool,
}

impl Backend for FrameBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, _content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.cursor_shown) {
            self.cursor.hide_cursor()?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.cursor_shown, true) {
            self.cursor.show_cursor()?;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would read its answer from under the keyboard thread; nobody needs it.
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.cursor.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        (self.size)()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let columns_rows = (self.size)()?;
        Ok(WindowSize {
            columns_rows,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The size of the terminal; 80×24 where it does not know (a serial line) or is gone.
pub fn terminal_size() -> io::Result<Size> {
    Ok(match crossterm::terminal::window_size() {
        Ok(size) if size.columns > 0 && size.rows > 0 => Size::new(size.columns, size.rows),
        Ok(_) | Err(_) => Size::new(80, 24),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    use ratatui::text::Line;

    fn screen(synchronized: bool) -> Screen {
        Screen::new(Box::new(|| Ok(Size::new(20, 3))), synchronized).unwrap()
    }

    fn say(text: &'static str) -> impl FnOnce(&mut Frame<'_>) {
        move |frame| frame.render_widget(Line::from(text), frame.area())
    }

    #[test]
    fn an_unchanged_frame_is_no_bytes() {
        let mut screen = screen(true);
        let first = screen.frame(say("hello")).unwrap();
        assert!(first.starts_with(BEGIN) && first.ends_with(END));
        assert_eq!(screen.frame(say("hello")).unwrap(), b"");
        assert!(!screen.frame(say("hallo")).unwrap().is_empty());
    }

    #[test]
    fn a_forgotten_screen_is_drawn_whole() {
        let mut screen = screen(false);
        let first = screen.frame(say("hello")).unwrap();
        screen.forget().unwrap();
        let again = screen.frame(say("hello")).unwrap();
        assert!(again.len() > first.len(), "{again:?}");
        assert!(String::from_utf8(again).unwrap().contains("hello"));
    }

    #[test]
    fn a_cursor_is_shown_and_hidden_once() {
        let mut screen = screen(false);
        let with_cursor = |frame: &mut Frame<'_>| frame.set_cursor_position(Position::new(3, 1));
        let shown = String::from_utf8(screen.frame(with_cursor).unwrap()).unwrap();
        assert!(shown.contains("\x1b[?25h"));
        let hidden = String::from_utf8(screen.frame(|_| ()).unwrap()).unwrap();
        assert_eq!(hidden, "\x1b[?25l");
        assert_eq!(screen.frame(|_| ()).unwrap(), b"");
    }

    const POOL: [&str; 6] = [
        "2026-11-22 16:13:07 INFO gift sent to room 8123",
        "礼物已送达 room 8123 の部屋",
        "",
        "GET /api/v1/rooms/8123 200 512 okhttp/4.9",
        "    at com.corp.live.Gift.send(Gift.java:42)",
        "WARN  pool is full, waiting for a connection",
    ];

    /// A screen of rows from the pool, each second one with a ground of its own.
    fn rows(picked: &[usize]) -> impl FnOnce(&mut Frame<'_>) {
        move |frame| {
            for (y, pick) in picked.iter().enumerate() {
                let style = if pick % 2 == 0 {
                    Style::new()
                } else {
                    Style::new().on_blue()
                };
                let area = Rect::new(0, y as u16, frame.area().width, 1);
                frame.render_widget(Line::styled(POOL[*pick], style), area);
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_moves_the_terminal_shows_the_frame(
            first in vec(0..POOL.len(), 12),
            steps in vec((0_usize..12, 0_usize..12, -6_isize..=6, 0..POOL.len()), 1..12),
        ) {
            let mut screen = Screen::new(Box::new(|| Ok(Size::new(50, 12))), true).unwrap();
            let mut terminal = vt100::Parser::new(12, 50, 0);
            let mut picked = first;
            terminal.process(&screen.frame(rows(&picked)).unwrap());
            for (a, b, by, new) in steps {
                // Some rows go up or down, and one row is another.
                let part = &mut picked[a.min(b)..=a.max(b)];
                let by = by.rem_euclid(part.len().cast_signed()) as usize;
                part.rotate_left(by);
                picked[b] = new;
                terminal.process(&screen.frame(rows(&picked)).unwrap());
                for (y, pick) in picked.iter().enumerate() {
                    let shown = terminal.screen().contents_between(y as u16, 0, y as u16, 50);
                    prop_assert_eq!(shown.trim_end(), POOL[*pick].trim_end());
                    let ground = if pick % 2 == 0 { vt100::Color::Default } else { vt100::Color::Idx(4) };
                    prop_assert_eq!(terminal.screen().cell(y as u16, 0).unwrap().bgcolor(), ground);
                }
            }
        }
    }

    #[test]
    fn a_line_more_of_a_log_costs_little_more_than_the_line() {
        let mut screen = Screen::new(Box::new(|| Ok(Size::new(200, 50))), false).unwrap();
        let line = |n: usize| format!("{n:>6} {}", "each line says something else ".repeat(n % 5 + 1));
        let log = |from: usize| {
            move |frame: &mut Frame<'_>| {
                for y in 0..50 {
                    frame.render_widget(Line::from(line(from + y)), Rect::new(0, y as u16, 200, 1));
                }
            }
        };
        let whole = screen.frame(log(0)).unwrap().len();
        for from in 1..20 {
            let bytes = screen.frame(log(from)).unwrap().len();
            assert!(
                bytes < 2 * line(from + 49).len() + 100 && bytes < whole / 10,
                "{bytes} of {whole}"
            );
        }
    }
}
