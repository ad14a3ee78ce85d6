"""A face that cascades take for one, drawn, so that no person's photo is needed."""

from PIL import Image, ImageDraw, ImageFilter


def face(side: int = 400) -> Image.Image:
    """Return a drawing with what the detector looks for: hair, brows, eyes, nose and mouth."""
    image = Image.new("L", (side, side), 120)
    draw = ImageDraw.Draw(image)

    def oval(x: float, y: float, wide: float, high: float, level: int) -> None:
        box = ((x - wide) * side, (y - high) * side, (x + wide) * side, (y + high) * side)
        draw.ellipse(box, fill=level)

    oval(0.5, 0.5, 0.36, 0.45, 50)
    oval(0.5, 0.53, 0.31, 0.41, 200)
    for x in (0.37, 0.63):
        oval(x, 0.345, 0.1, 0.018, 70)
        oval(x, 0.42, 0.1, 0.05, 125)
        oval(x, 0.42, 0.08, 0.03, 50)
    draw.polygon(
        [(0.5 * side, 0.4 * side), (0.45 * side, 0.62 * side), (0.55 * side, 0.62 * side)], 225
    )
    oval(0.5, 0.63, 0.055, 0.015, 150)
    oval(0.5, 0.72, 0.12, 0.03, 100)
    return image.filter(ImageFilter.GaussianBlur(side / 50)).convert("RGB")
