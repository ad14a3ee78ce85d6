"""The city's paints, which sights and ordinary buildings share, so that no colour gives one away."""

from sandbox.world.drawing.mesh import Kind, paint

LIMESTONE = paint("#dccfb2")
LIMESTONE_DARK = paint("#b9a888")
PLASTER = paint("#eee6d6")
OCHRE = paint("#d9a860")
BRICK = paint("#b5573c")
GRANITE = paint("#8f8c88")
CONCRETE = paint("#c9c8c4")
WHITE = paint("#f4f2ec")
IVORY = paint("#efe8d8")
SLATE = paint("#5b6672")
TERRACOTTA = paint("#c0603a")
TERRACOTTA_DARK = paint("#a04f32")
COPPER = paint("#7fae98")
COPPER_DARK = paint("#6a9884")
BRONZE = paint("#6d5a3c")
GOLD = paint("#d8ad4e")
IRON = paint("#3c4046")
SHADE = paint("#4a4238")
GLASS = paint("#3d4a58", Kind.GLASS)
DOOR = paint("#5a3c28")
LAMP = paint("#fff0c8", Kind.LAMP)
LANTERN_GLASS = paint("#cfe0e2", Kind.LAMP)

FACADES = (
    LIMESTONE, PLASTER, OCHRE, BRICK, WHITE, IVORY, LIMESTONE_DARK, CONCRETE,
    paint("#e7c7b0"), paint("#d8c48c"), paint("#a9bcc4"), paint("#c98f7c"), paint("#e5b9a8"),
    paint("#9fb3a0"), paint("#e9d9a8"),
)  # fmt: skip
ROOFS = (TERRACOTTA, TERRACOTTA_DARK, SLATE, COPPER, BRICK, paint("#8a6a55"))
FOLIAGE = (
    paint("#5f7549", Kind.LEAF), paint("#53694a", Kind.LEAF), paint("#748256", Kind.LEAF),
    paint("#848c62", Kind.LEAF), paint("#475e49", Kind.LEAF),
)  # fmt: skip
AUTUMN = (paint("#9c724c", Kind.LEAF), paint("#a99058", Kind.LEAF), paint("#80584a", Kind.LEAF))
BLOSSOM = (paint("#cfb0b8", Kind.LEAF), paint("#8d7799", Kind.LEAF))
BARK = paint("#5d4a3a", Kind.LEAF)
CLOTHES = (
    paint("#2f3d55"), paint("#7c2f33"), paint("#d9d4c8"), paint("#35574a"), paint("#c78b3a"),
    paint("#54555c"), paint("#8aa0b8"), paint("#b3475e"), paint("#20232b"),
)  # fmt: skip
SKIN = (paint("#e0b598"), paint("#b98a68"), paint("#7d573f"))
VEHICLES = (
    paint("#e0b030"), paint("#b83a2e"), paint("#e9e6dc"), paint("#3c6f8f"), paint("#3f7a57"),
)  # fmt: skip
