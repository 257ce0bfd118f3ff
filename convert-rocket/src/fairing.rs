//! The fairing, and what it can be told.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use convert_core::web::{Cores, Functions, Settings, VisitorCookie};
use convert_core::{Attributes, Core, CoreBuilder};
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::{Build, Data, Orbit, Request, Response, Rocket, async_trait};

use crate::arrival::Arrival;
use crate::config::{ConvertConfig, StartError};
use crate::launch::Launching;
use crate::lifespan::Traffic;
use crate::shared::{OfRocket, Shared};

/// How long the last delivery may take.
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// Gives every request its visitor.
///
/// Attach one; of several, Rocket keeps the last. Handlers then ask with [`&ConvertContext`](crate::ConvertContext), and
/// those that do not ask cost no evaluation, no store access, no event and no cookie.
///
/// ```
/// # #[macro_use] extern crate rocket;
/// use convert_rocket::ConvertFairing;
/// use convert_rocket::core::web::is_visitor_id;
/// use rocket::Request;
///
/// /// The proxy in front of the app says who is signed in.
/// fn account(request: &Request<'_>) -> Option<String> {
///     request.headers().get_one("x-account").filter(|id| is_visitor_id(id)).map(str::to_owned)
/// }
///
/// let app = rocket::build().attach(
///     ConvertFairing::from_config()
///         .visitor_id(account)
///         // Values are owned; what is not known is left out.
///         .attributes(|request| request.headers().get_one("x-plan").map(|plan| ("plan", plan.to_owned())))
///         .consent(|request| !convert_rocket::global_privacy_control(request)),
/// );
/// ```
///
/// # Settings
///
/// What Rocket's configuration says in its table `convert` goes before what these methods say; see [`ConvertConfig`].
/// Functions over a request are called once for a request, when a context is first asked for; they cannot ask for one
/// themselves. A panic in one of them is that of the guard that asked: Rocket answers with its catcher for 500.
///
/// # The end
///
/// When Rocket is told to stop (Ctrl-C, SIGTERM, [`Shutdown::notify`](rocket::Shutdown::notify)), the fairing waits for the
/// requests under way, streams included, until shortly before Rocket's own grace ends: 500 ms before, or a quarter of a
/// grace below 2 seconds. Connections are closed after the response that they wait for. Then the fairing delivers what is
/// queued within the [`flush_deadline`](Self::flush_deadline), and closes the core: what a request tracks that goes on even
/// then is lost. Rocket waits for all of that before it ends.
///
/// Where `launch()` returns an error, the callback may not have run: see [`launch`](crate::launch()).
#[must_use = "attach it to a rocket"]
pub struct ConvertFairing {
    flush_deadline: Duration,
    settings: Settings,
    /// Until it is ignited.
    fuel: Mutex<Option<Fuel>>,
}

/// What becomes part of the ignited rocket.
struct Fuel {
    source: Source,
    functions: Functions<OfRocket>,
}

/// Where the core comes from.
enum Source {
    /// Made as the configuration says, over what the builder says.
    Config(Box<CoreBuilder>),
    /// The app's own.
    Core(Cores),
}

impl ConvertFairing {
    /// A fairing whose core is made when the rocket ignites, as Rocket's configuration says; see [`ConvertConfig`].
    pub fn from_config() -> Self {
        Self::from_builder(Core::builder())
    }

    /// A fairing whose core is made when the rocket ignites, as the builder says, and before it Rocket's configuration. For
    /// what no file can say: a store or a transport of the app's own.
    ///
    /// ```
    /// use convert_rocket::ConvertFairing;
    /// use convert_rocket::core::{Core, MemoryStore};
    ///
    /// let fairing = ConvertFairing::from_builder(Core::builder().batch_size(50).data_store(MemoryStore::new()));
    /// ```
    pub fn from_builder(builder: CoreBuilder) -> Self {
        Self::from_source(Source::Config(Box::new(builder)))
    }

    /// A fairing over a [`Core`] or an [`AsyncCore`](convert_core::AsyncCore), by value or reference. What Rocket's
    /// configuration says of the core does not count then; what it says of requests does.
    pub fn new(core: impl Into<Cores>) -> Self {
        Self::from_source(Source::Core(core.into()))
    }

    fn from_source(source: Source) -> Self {
        let fuel = Mutex::new(Some(Fuel { source, functions: Functions::default() }));
        Self { flush_deadline: FLUSH_DEADLINE, settings: Settings::new(), fuel }
    }

    /// Who the visitor is, where the app knows: the id of an account, for instance. `None`, or white space only, leaves
    /// it to the cookie. An id that a client could choose should pass
    /// [`is_visitor_id`](convert_core::web::is_visitor_id).
    pub fn visitor_id<Id: Into<Arc<str>>>(
        self,
        visitor_id: impl Fn(&Request<'_>) -> Option<Id> + Send + Sync + 'static,
    ) -> Self {
        self.with(|functions| functions.visitor_id(visitor_id))
    }

    /// What is known of the visitor, for audiences. What is named `country`, `browser`, `devices`, `source`, `campaign`,
    /// `visitorType` or `customSegments` is a report segment too: stored with the visitor, and sent with events. Leave out
    /// what is not known, rather than tell an empty text. Each request's first decision or conversion stores what it is
    /// told over what is stored: a segment that handlers set with `set_default_segments` is not for this function to tell.
    pub fn attributes<A: Into<Attributes>>(
        self,
        attributes: impl Fn(&Request<'_>) -> A + Send + Sync + 'static,
    ) -> Self {
        self.with(|functions| functions.attributes(attributes))
    }

    /// Where the visitor is, for locations; [`request_location`](crate::request_location) by default.
    pub fn location<A: Into<Attributes>>(self, location: impl Fn(&Request<'_>) -> A + Send + Sync + 'static) -> Self {
        self.with(|functions| functions.location(location))
    }

    /// Tells contexts no location: calls that need one say it themselves.
    pub fn no_location(self) -> Self {
        self.with(Functions::no_location)
    }

    /// Whether the visitor agreed to be followed; yes by default. Without consent there is no cookie, nothing is stored
    /// and no event is sent: each request decides under an id of its own.
    ///
    /// [`do_not_track`](crate::do_not_track) and [`global_privacy_control`](crate::global_privacy_control) are both true where
    /// the browser **refuses**: `.consent(|request| has_agreed(request) && !do_not_track(request) && !global_privacy_control(request))`.
    pub fn consent(self, consent: impl Fn(&Request<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.with(|functions| functions.consent(consent))
    }

    /// The cookie that keeps the visitor's id.
    pub fn cookie(self, cookie: VisitorCookie) -> Self {
        self.set(|settings| settings.cookie(cookie))
    }

    /// The cookie of a request, where it is not the same for all: one for each tenant, for instance. Goes before the
    /// configuration's. The first that [browsers would drop](VisitorCookie::check) is warned of.
    pub fn cookie_with(self, cookie: impl Fn(&Request<'_>) -> VisitorCookie + Send + Sync + 'static) -> Self {
        self.with(|functions| functions.cookie(cookie))
    }

    /// Whether `?convert_preview={experience id}.{variation id}` shows a variation; false by default. Such a link works
    /// for whoever has it; see [`preview_when`](Self::preview_when).
    ///
    /// Where the served config does not have the experience, as with a draft, the first request with the link is answered as
    /// without it, and has the experience fetched. Once that is there, the link shows it, for 60 seconds.
    pub fn preview(self, preview: bool) -> Self {
        self.set(|settings| settings.preview(preview))
    }

    /// Whether such a link works in this request: for staff alone, for instance. Goes before the configuration's.
    pub fn preview_when(self, preview: impl Fn(&Request<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.with(|functions| functions.preview(preview))
    }

    /// Whether `?convert_force={experience id}.{variation id}` forces a variation of an experience that the visitor
    /// qualifies for, without storing or tracking it; false by default. Several can be given.
    pub fn forced_variations(self, forced_variations: bool) -> Self {
        self.set(|settings| settings.forced_variations(forced_variations))
    }

    /// Whether requests that ask for no context get a visitor, and its cookie, too; false by default. They ask when their
    /// response is there; where a function of the app panics then, the response goes without the cookie.
    pub fn mint_always(self, mint_always: bool) -> Self {
        self.set(|settings| settings.mint_always(mint_always))
    }

    /// Whether a response to a request that asked for a context, or one that sets the visitor's cookie, says
    /// `Cache-Control: private` where it says nothing of caches itself; true by default. With false the app keeps such
    /// responses out of [caches that others share](crate::guide#caches-and-cdns).
    pub fn private_responses(self, private_responses: bool) -> Self {
        self.set(|settings| settings.private_responses(private_responses))
    }

    /// All settings that no function takes part in, at once.
    pub fn settings(self, settings: Settings) -> Self {
        self.set(|_| settings)
    }

    /// How long the last delivery may take, counted from when no request is under way any more; 5 seconds by default.
    pub fn flush_deadline(mut self, deadline: Duration) -> Self {
        self.flush_deadline = deadline;
        self
    }

    fn set(mut self, change: impl FnOnce(Settings) -> Settings) -> Self {
        self.settings = change(self.settings);
        self
    }

    fn with(mut self, tell: impl FnOnce(&mut Functions<OfRocket>)) -> Self {
        if let Some(fuel) = self.fuel.get_mut().unwrap_or_else(PoisonError::into_inner) {
            tell(&mut fuel.functions);
        }
        self
    }

    /// Makes the core, and what requests share.
    async fn ignite(&self, rocket: &Rocket<Build>, fuel: Fuel) -> Result<Shared, StartError> {
        let config = ConvertConfig::from_figment(rocket.figment())?;
        let settings = config.settings(rocket.figment(), self.settings.clone())?;
        let (makes_core, cores) = match fuel.source {
            Source::Config(builder) => (true, config.build_core(*builder).await?.into()),
            Source::Core(cores) => (false, cores),
        };
        Ok(Shared {
            cores,
            settings,
            functions: fuel.functions,
            flush_deadline: config.flush_deadline().unwrap_or(self.flush_deadline),
            traffic: Traffic::default(),
            launch_log: config.said(makes_core),
        })
    }
}

/// Has the core, for both kinds of code, managed by the rocket, unless the app manages one.
fn manage(rocket: Rocket<Build>, shared: Shared) -> Rocket<Build> {
    let (synchronous, asynchronous) = (shared.cores.synchronous().cloned(), shared.cores.asynchronous().clone());
    let shared = Arc::new(shared);
    if let Some(launching) = rocket.state::<Launching>() {
        launching.made(&shared);
    }
    let rocket = rocket.manage(shared);
    let rocket = match synchronous {
        Some(core) if rocket.state::<Core>().is_none() => rocket.manage(core),
        _ => rocket,
    };
    if rocket.state::<convert_core::AsyncCore>().is_none() { rocket.manage(asynchronous) } else { rocket }
}

#[async_trait]
impl Fairing for ConvertFairing {
    fn info(&self) -> Info {
        let kind = Kind::Ignite | Kind::Liftoff | Kind::Request | Kind::Response | Kind::Shutdown | Kind::Singleton;
        Info { name: "Convert", kind }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        let fuel = self.fuel.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Rocket ignites a fairing once.
        let Some(fuel) = fuel else { return Err(rocket) };
        match self.ignite(&rocket, fuel).await {
            Ok(shared) => Ok(manage(rocket, shared)),
            Err(error) => {
                error.log();
                Err(rocket)
            }
        }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let Ok(shared) = Shared::of(rocket) else { return };
        // Rocket's logger shows these targets at launch, and indents the second.
        tracing::info!(target: "rocket::launch", "Convert:");
        for line in &shared.launch_log {
            tracing::info!(target: "rocket::launch::_", "{line}");
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let request: &Request<'_> = request;
        if let Ok(shared) = Shared::of(request.rocket()) {
            Arrival::of(request, shared);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Ok(shared) = Shared::of(request.rocket()) else { return };
        let arrival = Arrival::of(request, shared);
        arrival.leave(request, response);
        if shared.traffic.is_stopping() && !response.headers().contains("Connection") {
            // Rocket 0.5 would keep idle connections open, and take requests from them, while the fairing ends its work.
            response.set_raw_header("Connection", "close");
        }
    }

    async fn on_shutdown(&self, rocket: &Rocket<Orbit>) {
        if let Ok(shared) = Shared::of(rocket) {
            shared.end(&rocket.config().shutdown).await;
        }
    }
}

impl fmt::Debug for ConvertFairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConvertFairing").field("settings", &self.settings).finish_non_exhaustive()
    }
}
