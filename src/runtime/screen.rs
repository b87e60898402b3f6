//! Frames as bytes: ratatui's diff into a buffer, nothing at all when nothing changed.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::{Frame, Terminal};

/// DEC mode 2026: the terminal shows what is between at once, without tearing.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Where the size of the terminal comes from.
pub type SizeOf = Box<dyn Fn() -> io::Result<Size>>;

/// The screen as last drawn, and the bytes that lead to the next frame.
pub struct Screen {
    terminal: Terminal<FrameBackend>,
    bytes: Rc<RefCell<Vec<u8>>>,
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
        let backend = FrameBackend {
            inner: CrosstermBackend::new(Buffer(Rc::clone(&bytes))),
            size,
            cursor_shown: false,
        };
        let terminal = Terminal::new(backend)?;
        bytes.borrow_mut().clear();
        Ok(Self {
            terminal,
            bytes,
            synchronized,
        })
    }

    /// Draws, and returns the bytes that make the terminal show it; empty if it does already.
    pub fn frame(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<Vec<u8>> {
        self.terminal.draw(draw)?;
        let drawn = self.bytes.take();
        if drawn.is_empty() || !self.synchronized {
            return Ok(drawn);
        }
        Ok([BEGIN, &drawn, END].concat())
    }

    /// What is on the terminal is not known any more: the next frame clears it and draws every cell.
    pub fn forget(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().cursor_shown = true;
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

/// Crossterm's backend, but for writing nothing when there is nothing to say.
struct FrameBackend {
    inner: CrosstermBackend<Buffer>,
    size: SizeOf,
    cursor_shown: bool,
}

impl Backend for FrameBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.cursor_shown) {
            self.inner.hide_cursor()?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.cursor_shown, true) {
            self.inner.show_cursor()?;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Asking the terminal would read its answer from under the keyboard thread; nobody needs it.
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
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
}
