"""The two demo shops: products, buyers, taxes and currencies."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.books import Presentment, Shop, simulated_token
from simulator.scenarios.demo.checkout import Rates


@dataclass(frozen=True)
class Profile:
    """What differs between shops. ``kinds`` are (name, product type, lowest price in minor units)."""

    shop: Shop
    share: int  # percent of the world's orders
    prefix: str
    first_order: int
    kinds: tuple[tuple[str, str, int], ...]
    styles: tuple[str, ...]
    options: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    countries: tuple[str, ...]
    taxes: tuple[tuple[int, Rates], ...]  # (weight, rates)
    reduced: Rates  # for the product types in ``reduced_types``
    reduced_types: tuple[str, ...]
    presentments: tuple[Presentment, ...]
    shipping: tuple[tuple[str, int], ...]
    gateways: tuple[str, ...]
    code_names: tuple[str, ...]


AURORA = Profile(
    shop=Shop(
        "aurora", "Aurora Outdoor", "America/New_York", "USD", taxes_included=False, token=simulated_token("aurora")
    ),
    share=60,
    prefix="#",
    first_order=1001,
    kinds=(
        ("Tent", "Shelter", 18900),
        ("Rain Jacket", "Clothing", 12950),
        ("Trail Shoe", "Footwear", 9499),
        ("Headlamp", "Lights", 2999),
        ("Stove", "Cooking", 5450),
        ("Daypack", "Bags", 7995),
        ("Water Bottle", "Accessories", 1895),
        ("Sleeping Bag", "Shelter", 15900),
        ("Wool Sock", "Clothing", 1650),
        ("Trekking Pole", "Accessories", 6475),
    ),
    styles=(
        "Ridge",
        "Summit",
        "Ember",
        '"Big Sky"',
        "Glacier",
        "Pine & Co",
        "Storm, Light",
        "Basin",
        "Cirrus",
        "Juniper",
    ),
    options=("Small", "Medium", "Large", "Moss / M", "Slate / L"),
    first_names=(
        "Ava",
        "Liam",
        "Noah",
        "Olivia",
        "Mia",
        "Ethan",
        "Sofía",
        "Zoë",
        "Marcus",
        "Grace",
        "Dévon",
        "Hannah",
        "Omar",
        "Ruth",
    ),
    last_names=(
        "O'Brien",
        "Nguyen",
        "Smith",
        "García",
        "Johnson",
        "Kim",
        "Abbott-Lee",
        "Patel",
        "Brown",
        "Müller",
        "Davis",
        "Lopez",
    ),
    countries=("US", "US", "US", "US", "CA", "GB"),
    taxes=(
        (3, ()),
        (3, (("CA State Tax", 7250),)),
        (2, (("NY State Tax", 4000), ("NYC City Tax", 4500), ("MCTD Tax", 375))),
        (2, (("TX State Tax", 6250), ("Austin City Tax", 2000))),
    ),
    reduced=(),
    reduced_types=("Clothing",),
    presentments=(
        Presentment("CAD", 2, 13653, 10000),
        Presentment("JPY", 0, 14937, 10000),
        Presentment("KWD", 3, 3071, 1000),
    ),
    shipping=(("Standard", 595), ("Express", 1495), ("Oversize", 2950)),
    gateways=("shopify_payments", "shopify_payments", "paypal"),
    code_names=("WELCOME10", "TRAIL15", "SUMMER5"),
)
NORDLICHT = Profile(
    shop=Shop(
        "nordlicht",
        "Nordlicht Küche",
        "Europe/Berlin",
        "EUR",
        taxes_included=True,
        token=simulated_token("nordlicht"),
        reversals_show_discount=False,
    ),
    share=40,
    prefix="NK-",
    first_order=5001,
    kinds=(
        ("Gusspfanne", "Kochen", 8990),
        ("Messer", "Schneiden", 6450),
        ("Schneidebrett", "Schneiden", 3499),
        ("Kaffeemühle", "Kaffee", 11900),
        ("Röstkaffee", "Lebensmittel", 1290),
        ("Gewürzset", "Lebensmittel", 1895),
        ("Schürze", "Textil", 2950),
        ("Teekanne", "Kaffee", 4475),
        ("Olivenöl", "Lebensmittel", 1599),
    ),
    styles=("Fjord", "Polar", "Mitternacht", "Heide", "„Küste“", "Bernstein; Groß", "Nebel", "Schilf"),
    options=("Klein", "Mittel", "Groß", "20 cm", "28 cm"),
    first_names=(
        "Jörg",
        "Anneliese",
        "Lukas",
        "Mia",
        "Emma",
        "Björn",
        "Käthe",
        "Paul",
        "Sören",
        "Łucja",
        "Élise",
        "Finn",
    ),
    last_names=("Müller", "Schäfer", "Weiß", "Schmidt", "von der Heide", "Çelik", "Nowak", "Dubois", "Huber", "Groß"),
    countries=("DE", "DE", "DE", "AT", "CH", "FR"),
    taxes=((9, (("MwSt", 19000),)), (1, ())),
    reduced=(("MwSt", 7000),),
    reduced_types=("Lebensmittel",),
    presentments=(
        Presentment("CHF", 2, 9412, 10000),
        Presentment("SEK", 2, 113277, 10000),
        Presentment("GBP", 2, 8534, 10000),
    ),
    shipping=(("DHL Paket", 490), ("DHL Express", 1290)),
    gateways=("shopify_payments", "klarna", "paypal"),
    code_names=("WILLKOMMEN", "HERBST10", "=SUMME"),
)
PROFILES = (AURORA, NORDLICHT)
