"""The help page: how to get a good answer, and what to do when there is none."""

import streamlit as st

from detector_app.photos.photo import (
    MAX_PHOTO_MEGABYTES,
    MAX_PHOTO_MEGAPIXELS,
    MAX_WHOLE_MEGAPIXELS,
    READ_FORMS,
)

_GUIDE = """
### In three steps
1. **Choose a city.** Each city has its own detector. It is fetched once and kept on the machine
   that runs this app.
2. **Show photos or open the camera.** Drop photos into the *Photo* tab, or take one there; or open
   the camera in the *Live* tab and allow it.
3. **Read the names.** Each sight gets a box, a dot and its name; the list beside the picture says
   the same, with how sure the detector is. Each sight is shown from the confidence on with which
   the detector was judged before it was published.

### If a sight is missed
- Show the whole building, in daylight, from where people usually photograph it.
- Let less sure names be shown, with the switch beside the city (with older detectors, a slider).
  More is shown, and more of it is wrong.
- Open *The sights it knows*: what is not in the list cannot be found.
"""

_TROUBLE = """
### If something does not work
| what you see | what to do |
|---|---|
| **The warehouse is away** | Nothing, if your city was used here before: its detector works without. Otherwise wait; the page looks again by itself. Whoever runs the app checks `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER` and `PGPASSWORD`. |
| **The detector is not ready yet** | The city is being prepared. The page notices by itself when it is done. |
| **Asked for, not approved yet** | People asked for this city. Nothing is built until whoever runs SightScan lets it in; the page notices by itself. |
| **Refused** | Whoever runs SightScan does not build this city; the page says why. |
| **The model was refused** | What is published is not what was meant to be. Whoever runs SightScan publishes the model again. |
| **The camera does not start** | Allow it in the browser (the camera sign in the address bar). Away from `localhost`, browsers give cameras to `https` pages only. |
| **The server is busy** | Large photos of other people are being looked at. Try again in a few seconds. |
| **The photo is refused** | Choose a {forms} of at most {megabytes} MB, and of at most {whole} megapixels; a JPEG may have {jpeg}. |
"""


def show() -> None:
    """Draw the page."""
    st.title("Help")
    st.markdown(_GUIDE)
    st.markdown(
        _TROUBLE.format(
            forms=READ_FORMS,
            megabytes=MAX_PHOTO_MEGABYTES,
            whole=MAX_WHOLE_MEGAPIXELS,
            jpeg=MAX_PHOTO_MEGAPIXELS,
        )
    )
