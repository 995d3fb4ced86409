//! How parts go from whoever tells them to the connection of the reader: one at a time, and the word of the end beside
//! the last. A queue, however short, would hold room for dozens of them for each of a thousand who follow.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;

/// The reader went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// Gives parts to a reader; when it is dropped, the feed ends.
pub(super) struct Giving(Arc<Place>);

/// The body of a feed: takes the parts.
pub(super) struct Pieces(Arc<Place>);

#[derive(Default)]
struct Place(Mutex<Handed>);

#[derive(Default)]
struct Handed {
    piece: Option<Bytes>,
    end: Option<Bytes>,
    is_over: bool,
    is_gone: bool,
    // Whoever waits: the reader for a piece, the giver for the reader.
    reader: Option<Waker>,
    giver: Option<Waker>,
}

impl Place {
    fn handed(&self) -> MutexGuard<'_, Handed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the two ends of a feed.
pub(super) fn handing() -> (Giving, Pieces) {
    let place = Arc::<Place>::default();
    (Giving(Arc::clone(&place)), Pieces(place))
}

impl Giving {
    /// Ends when the reader has taken the part before.
    ///
    /// # Errors
    ///
    /// Returns [`Gone`] where they went away.
    pub(super) async fn is_taken(&self) -> Result<(), Gone> {
        self.until(|handed| {
            (handed.is_gone || handed.piece.is_none()).then_some(if handed.is_gone {
                Err(Gone)
            } else {
                Ok(())
            })
        })
        .await
    }

    /// Ends when the reader went away.
    pub(super) async fn is_gone(&self) {
        self.until(|handed| handed.is_gone.then_some(())).await;
    }

    /// Gives a part, in place of one that was not taken.
    pub(super) fn give(&self, piece: Bytes) {
        let mut handed = self.0.handed();
        handed.piece = Some(piece);
        wake(handed, |handed| &mut handed.reader);
    }

    /// Ends the feed with the word of the end, after the part that may wait still.
    pub(super) fn end(self, word: Bytes) {
        self.0.handed().end = Some(word);
    }

    async fn until<T>(&self, looked_for: impl Fn(&Handed) -> Option<T>) -> T {
        poll_fn(|context| {
            let mut handed = self.0.handed();
            if let Some(found) = looked_for(&handed) {
                return Poll::Ready(found);
            }
            handed.giver = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl Drop for Giving {
    fn drop(&mut self) {
        let mut handed = self.0.handed();
        handed.is_over = true;
        wake(handed, |handed| &mut handed.reader);
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let mut handed = self.0.handed();
        handed.is_gone = true;
        handed.piece = None;
        wake(handed, |handed| &mut handed.giver);
    }
}

/// Wakes somebody, who finds the place free to look at.
fn wake(mut handed: MutexGuard<'_, Handed>, whom: impl FnOnce(&mut Handed) -> &mut Option<Waker>) {
    let waits = whom(&mut handed).take();
    drop(handed);
    if let Some(waits) = waits {
        waits.wake();
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut handed = self.0.handed();
        if let Some(piece) = handed.piece.take() {
            wake(handed, |handed| &mut handed.giver);
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if handed.is_over {
            return Poll::Ready(handed.end.take().map(|word| Ok(Frame::data(word))));
        }
        handed.reader = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    async fn taken(pieces: &mut Pieces) -> Option<Bytes> {
        pieces.frame().await.map(|frame| frame.unwrap().into_data().unwrap())
    }

    #[test]
    fn a_part_waits_until_the_one_before_is_taken_and_the_last_word_comes_last() {
        block_on(async {
            let (giving, mut pieces) = handing();
            let gives = tokio::spawn(async move {
                for number in 0..100_u8 {
                    giving.is_taken().await.unwrap();
                    giving.give(Bytes::from(vec![number]));
                }
                giving.end(Bytes::from_static(b"end"));
            });
            for number in 0..100_u8 {
                assert_eq!(taken(&mut pieces).await.unwrap()[..], [number]);
            }
            assert_eq!(taken(&mut pieces).await.unwrap(), "end");
            assert_eq!(taken(&mut pieces).await, None);
            gives.await.unwrap();
        });
    }

    #[test]
    fn what_is_not_taken_holds_up_whoever_gives_and_not_the_word_of_the_end() {
        block_on(async {
            let (giving, mut pieces) = handing();
            giving.give(Bytes::from_static(b"part"));
            let waited = tokio::time::timeout(std::time::Duration::from_millis(5), giving.is_taken()).await;
            assert!(waited.is_err());
            giving.end(Bytes::from_static(b"end"));
            assert_eq!(taken(&mut pieces).await.unwrap(), "part");
            assert_eq!(taken(&mut pieces).await.unwrap(), "end");
            assert_eq!(taken(&mut pieces).await, None);
        });
    }

    #[test]
    fn whoever_gives_hears_that_the_reader_went_away() {
        block_on(async {
            let (giving, pieces) = handing();
            giving.give(Bytes::from_static(b"part"));
            let hears = tokio::spawn(async move {
                giving.is_gone().await;
                giving.is_taken().await
            });
            tokio::task::yield_now().await;
            drop(pieces);
            assert_eq!(hears.await.unwrap(), Err(Gone));
        });
    }
}
