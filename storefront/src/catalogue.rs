//! What the shop sells.

/// A bag of coffee.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    pub(crate) origin: &'static str,
    pub(crate) notes: &'static str,
    pub(crate) story: &'static str,
    pub(crate) cents: u32,
    /// The bag's colour.
    pub(crate) colour: &'static str,
}

pub(crate) const PRODUCTS: [Product; 4] = [
    Product {
        slug: "slack-water",
        name: "Slack Water",
        origin: "Huila, Colombia",
        notes: "red apple, panela, cocoa",
        story: "The one we open the shop with. Sweet, round, and forgiving of a kettle that boiled a minute ago.",
        cents: 1450,
        colour: "#2f6f73",
    },
    Product {
        slug: "first-ferry",
        name: "First Ferry",
        origin: "Guji, Ethiopia",
        notes: "bergamot, peach, honey",
        story: "Washed and light. Brew it long, drink it slowly, and look out of a window while you do.",
        cents: 1850,
        colour: "#d98e4a",
    },
    Product {
        slug: "harbour-lamp",
        name: "Harbour Lamp",
        origin: "Minas Gerais, Brazil",
        notes: "hazelnut, toffee, plum",
        story: "Made for milk. Roasted a little further, never to the point where you taste the roaster.",
        cents: 1290,
        colour: "#7c4a3a",
    },
    Product {
        slug: "low-light",
        name: "Low Light",
        origin: "Cauca, Colombia, decaffeinated",
        notes: "caramel, orange, almond",
        story: "For after dinner. Decaffeinated with sugar cane, and nobody at the table will know.",
        cents: 1550,
        colour: "#4b5a8a",
    },
];

pub(crate) fn product(slug: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.slug == slug)
}

impl Product {
    /// The price, as people read it.
    pub(crate) fn price(&self) -> String {
        format!("€{}.{:02}", self.cents / 100, self.cents % 100)
    }

    /// The price, as goals count it.
    pub(crate) fn revenue(&self) -> f64 {
        f64::from(self.cents) / 100.0
    }
}
