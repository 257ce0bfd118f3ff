//! The place of a request's visit.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Framework, Functions, Settings, Visit, VisitorCookie};

/// The visit of a request: found out when it is first asked for, once.
#[derive(Debug, Default)]
pub struct VisitOnce {
    visit: OnceLock<Visit>,
    /// The cookie of this request, where it is not the cookie of all.
    cookie: OnceLock<VisitorCookie>,
    /// The thread on which functions of the app are asked; 0 where none does.
    asking: AtomicUsize,
}

impl VisitOnce {
    /// The visit, where it was asked for before.
    #[must_use]
    pub fn get(&self) -> Option<&Visit> {
        self.visit.get()
    }

    /// The visit, which `find` finds out; other threads that ask meanwhile wait. `None` where `find` itself asks: a function
    /// of the app wants the context that it helps to make.
    pub fn get_or_find(&self, find: impl FnOnce() -> Visit) -> Option<&Visit> {
        if let Some(visit) = self.visit.get() {
            return Some(visit);
        }
        if self.is_asking() {
            return None;
        }
        Some(self.visit.get_or_init(|| self.asking(find)))
    }

    /// Asks functions of the app, which cannot ask for the visit meanwhile.
    pub fn asking<T>(&self, ask: impl FnOnce() -> T) -> T {
        let _asking = Asking::begin(&self.asking);
        ask()
    }

    /// Whether functions of the app are being asked on this thread.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.asking.load(Ordering::Relaxed) == this_thread()
    }

    /// The cookie of this request: the first that the app says, else that of all.
    pub fn cookie<'a, F: Framework>(
        &'a self,
        request: &F::Request<'_>,
        functions: &Functions<F>,
        settings: &'a Settings,
    ) -> &'a VisitorCookie {
        if let Some(cookie) = self.cookie.get() {
            return cookie;
        }
        match functions.cookie_of(request) {
            Some(cookie) => self.cookie.get_or_init(|| cookie),
            None => settings.visitor_cookie(),
        }
    }

    /// The cookie of this request, once the visitor is known.
    pub fn known_cookie<'a>(&'a self, settings: &'a Settings) -> &'a VisitorCookie {
        self.cookie.get().unwrap_or_else(|| settings.visitor_cookie())
    }
}

/// The time in which functions of the app are asked. Ends with a panic of theirs, too.
struct Asking<'a>(&'a AtomicUsize);

impl<'a> Asking<'a> {
    fn begin(thread: &'a AtomicUsize) -> Self {
        // Only what the same thread has written counts, so no order is needed.
        thread.store(this_thread(), Ordering::Relaxed);
        Self(thread)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// The address of something that each thread has: no other living thread has the same.
fn this_thread() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::Core;
    use crate::web::Visitor;

    fn visit() -> Visit {
        let core = Core::from_json(r#"{"account_id": "1", "project": {"id": "2"}}"#).unwrap();
        let visitor = Visitor::identify(true, None, &VisitorCookie::new(), [""]);
        let options = Settings::new().context_options(&visitor, None);
        Visit::new(visitor, options, &core.into())
    }

    #[test]
    fn whoever_asks_while_it_is_found_out_gets_none_and_after_that_all_get_one() {
        let once = VisitOnce::default();
        let found = once.get_or_find(|| {
            assert!(once.is_asking() && once.get().is_none());
            assert!(once.get_or_find(visit).is_none());
            visit()
        });
        let found = found.unwrap().visitor().id();
        assert_eq!(once.get_or_find(visit).unwrap().visitor().id(), found);
        assert!(!once.is_asking());
    }

    #[test]
    fn another_thread_waits() {
        let (once, (begun, begins)) = (VisitOnce::default(), mpsc::channel());
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                let found = once.get_or_find(|| {
                    begun.send(()).unwrap();
                    visit()
                });
                found.unwrap().visitor().id().to_owned()
            });
            begins.recv().unwrap();
            let second = once.get_or_find(visit).unwrap().visitor().id().to_owned();
            assert_eq!(first.join().unwrap(), second);
        });
    }

    #[test]
    fn a_panic_leaves_it_to_the_next() {
        let once = VisitOnce::default();
        assert!(catch_unwind(AssertUnwindSafe(|| once.get_or_find(|| panic!("the app's own fault")))).is_err());
        assert!(!once.is_asking() && once.get_or_find(visit).is_some());
    }
}
