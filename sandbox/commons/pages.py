"""Describe files and categories of Commons as the MediaWiki API does: `prop=imageinfo` and kin.

Modelled on addresses of 2026 that public projects recorded: `utm_` parameters on each, which say
`thumbnail_unscaled` where a small file is its own thumbnail; `960px-thumbnail.jpg` for names of more
than 160 bytes; `page1-`, `lossy-` and a second suffix for what is no photo; and on the documentation
of `iiurlwidth`: at most 50 thumbnails an answer, then `iicontinue`; on the source of GeoData
(ApiQueryCoordinates), which gives 10 places an answer unless it is asked for more; sizes are those of the upright
picture (`$wgEnableAutoRotation`), and thumbnails are upright. Invented: that they keep any profile,
and that all hosts are one (the real one of thumbnails is thumb.wikimedia.org, of files
upload.wikimedia.org).
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.commons.files import CommonsCatalogue, CommonsCategory, CommonsFile
from sandbox.mediawiki import JsonObject, values_of, whole_number
from sandbox.world.strange_texts import strange_html_author

FILES_PATH = "/wikipedia/commons"
WIKI = "https://commons.wikimedia.org/wiki/"
FILE_NAMESPACE, CATEGORY_NAMESPACE = 6, 14
# https://www.mediawiki.org/wiki/Common_thumbnail_sizes: any other width is refused.
THUMBNAIL_WIDTHS = (20, 40, 60, 120, 250, 330, 500, 960, 1280, 1920, 3840)

# https://commons.wikimedia.org/w/api.php?action=help&modules=query%2Bimageinfo (iiurlwidth).
MAX_THUMBNAILS = 50
# Of a name in UTF-8; the thumbnail of a longer one has a short name.
MAX_THUMBNAIL_NAME_BYTES = 160

Page = CommonsFile | CommonsCategory


@dataclass(frozen=True)
class PageDescriber:
    """Describe pages for one request: `origin` begins the URLs of files."""

    catalogue: CommonsCatalogue
    parameters: Mapping[str, str]
    origin: str

    def describe_all(self, pages: Sequence[Page]) -> tuple[list[JsonObject], JsonObject]:
        """Return the pages with the props that were asked for, and how to go on with the rest."""
        files = [page for page in pages if isinstance(page, CommonsFile)]
        limits = {
            "imageinfo": MAX_THUMBNAILS if self._thumbnail_width > 0 else len(files),
            "coordinates": whole_number(self.parameters, "colimit", 10, 1, 500),
        }
        shown: dict[str, set[int]] = {}
        proceed: JsonObject = {}
        for prop, (name, token) in _CONTINUED.items():
            waiting = sorted(files, key=token)
            if (start := self.parameters.get(name)) is not None:
                waiting = [file for file in waiting if token(file) >= start]
            elif any(other in self.parameters for other, _ in _CONTINUED.values()):
                # All of it came with the first answer, and the rest of another is asked for.
                waiting = []
            shown[prop] = {file.page_id for file in waiting[: limits[prop]]}
            if prop in self._props and len(waiting) > limits[prop]:
                proceed[name] = token(waiting[limits[prop]])
        return [self._describe(page, shown) for page in pages], proceed

    def _describe(self, page: Page, shown: Mapping[str, set[int]]) -> JsonObject:
        described = stub_of(page)
        if isinstance(page, CommonsFile) and page.state != "there":
            return described | self._gone(page)
        for prop in self._props:
            if isinstance(page, CommonsFile):
                if page.page_id in shown.get(prop, {page.page_id}):
                    described |= self._file_prop(prop, page)
            elif prop == "categoryinfo":
                described["categoryinfo"] = self._category_info(page)
        return described

    def _gone(self, file: CommonsFile) -> JsonObject:
        """Return what is said of a file that is gone or hidden: that it is."""
        flag = True if self._modern else ""
        if file.state == "missing":
            return {"missing": flag, "imagerepository": ""}
        return {"imagerepository": "local", "imageinfo": [{file.state: flag}]}

    @property
    def _props(self) -> Sequence[str]:
        return values_of(self.parameters.get("prop", ""), name="prop")

    @property
    def _thumbnail_width(self) -> int:
        return whole_number(self.parameters, "iiurlwidth", -1, -1, 10_000)

    @property
    def _modern(self) -> bool:
        return self.parameters.get("formatversion") == "2"

    def _file_prop(self, prop: str, file: CommonsFile) -> JsonObject:
        if prop == "imageinfo":
            return {"imagerepository": "local", "imageinfo": [self._image_info(file)]}
        if prop == "categories":
            names = [f"Category:{name}" for name in file.categories]
            return {"categories": [{"ns": CATEGORY_NAMESPACE, "title": name} for name in names]}
        if prop == "coordinates":
            if self.parameters.get("coprimary", "primary") == "secondary":
                return {}
            place = {"lat": file.latitude, "lon": file.longitude}
            asked = values_of(self.parameters.get("coprop", "globe"), name="coprop")
            known = {"globe": "earth", "type": "camera"}
            said = {name: value for name, value in known.items() if name in asked}
            return {"coordinates": [{**place, "primary": True if self._modern else "", **said}]}
        return {}

    def _category_info(self, category: CommonsCategory) -> JsonObject:
        files = len(self.catalogue.files_in(category.name))
        subcategories = len(self.catalogue.subcategories_of(category.name))
        size = files + subcategories
        counts = {"size": size, "pages": 0, "files": files, "subcats": subcategories}
        return counts | ({"hidden": False} if self._modern else {})

    def _image_info(self, file: CommonsFile) -> JsonObject:
        kinds = {"image/svg+xml": "DRAWING", "application/pdf": "OFFICE"}
        parts: dict[str, Callable[[], JsonObject]] = {
            "timestamp": lambda: {"timestamp": file.attribution.uploaded_at},
            "user": lambda: {"user": file.attribution.author},
            "size": lambda: _size(file),
            "dimensions": lambda: _size(file),
            "canonicaltitle": lambda: {"canonicaltitle": f"File:{file.name}"},
            "url": lambda: self._thumbnail(file) | self._urls(file),
            "sha1": lambda: {"sha1": file.sha1},
            "mime": lambda: {"mime": file.mime},
            "mediatype": lambda: {"mediatype": kinds.get(file.mime, "BITMAP")},
            "extmetadata": lambda: {"extmetadata": self._metadata(file)},
        }
        wanted = values_of(self.parameters.get("iiprop", "timestamp|user"), name="iiprop")
        info: JsonObject = {}
        for name, part in parts.items():
            if name in wanted:
                info |= part()
        return info

    def _metadata(self, file: CommonsFile) -> JsonObject:
        only = values_of(self.parameters.get("iiextmetadatafilter", ""))
        found = extended_metadata(file)
        return {name: value for name, value in found.items() if not only or name in only}

    def _urls(self, file: CommonsFile) -> JsonObject:
        return {
            "url": _tracked(file_url(self.origin, file), "original"),
            "descriptionurl": f"{WIKI}File:{file.page_name}",
            "descriptionshorturl": short_page_url(file),
        }

    def _thumbnail(self, file: CommonsFile) -> JsonObject:
        width = self._thumbnail_width
        if width <= 0:
            return {}
        if file.raster is None and width >= file.width:
            # Pictures of pixels are never enlarged: the "thumbnail" is the file itself.
            url = _tracked(file_url(self.origin, file), "thumbnail_unscaled")
            width, height = file.width, file.height
        else:
            url = _tracked(thumbnail_url(self.origin, file, width), "thumbnail")
            height = round(file.height * width / file.width)
        return {"thumburl": url, "thumbwidth": width, "thumbheight": height}


def stub_of(page: Page) -> JsonObject:
    """Return what every answer says of a page: id, namespace, title."""
    if isinstance(page, CommonsFile):
        # A page that is missing has no id.
        known = {} if page.state == "missing" else {"pageid": page.page_id}
        return {**known, "ns": FILE_NAMESPACE, "title": f"File:{page.name}"}
    return {"pageid": page.page_id, "ns": CATEGORY_NAMESPACE, "title": f"Category:{page.name}"}


def file_url(origin: str, file: CommonsFile) -> str:
    """Return where the original file is."""
    return f"{origin}{FILES_PATH}/{file.url_folder}/{file.url_name}"


def thumbnail_url(origin: str, file: CommonsFile, width: int) -> str:
    """Return where a thumbnail of `width` pixels is."""
    folder = f"{origin}{FILES_PATH}/thumb/{file.url_folder}/{file.url_name}"
    prefix, suffix = _THUMBNAIL_FORMS.get(file.mime, ("", ""))
    is_long = len(file.name.encode()) > MAX_THUMBNAIL_NAME_BYTES
    name = f"thumbnail.{file.name.rpartition('.')[2]}" if is_long else file.url_name
    return f"{folder}/{prefix}{width}px-{name}{suffix}"


def short_page_url(file: CommonsFile) -> str:
    """Return the address of a file's page that lasts when the file gets another name."""
    return f"https://commons.wikimedia.org/w/index.php?curid={file.page_id}"


def _tracked(url: str, content: str) -> str:
    source = "utm_source=commons.wikimedia.org&utm_campaign=imageinfo"
    return f"{url}?{source}&utm_content={content}"


def _info_token(file: CommonsFile) -> str:
    uploaded = "".join(filter(str.isdigit, file.attribution.uploaded_at))
    return f"{file.name.replace(' ', '_')}|{uploaded}"


# How each prop goes on, and from which file.
_CONTINUED: Mapping[str, tuple[str, Callable[[CommonsFile], str]]] = {
    "imageinfo": ("iicontinue", _info_token),
    "coordinates": ("cocontinue", lambda file: f"{file.page_id}|{file.page_id}"),
}
_THUMBNAIL_FORMS = {
    "image/svg+xml": ("", ".png"),
    "image/tiff": ("lossy-page1-", ".jpg"),
    "application/pdf": ("page1-", ".jpg"),
}


def extended_metadata(file: CommonsFile) -> JsonObject:
    """Return `extmetadata`: licence, author and description, the author as HTML as in reality."""
    attribution, licence = file.attribution, file.attribution.licence
    user = quote(attribution.author.replace(" ", "_"))
    author = html.escape(attribution.author)
    values = {
        "DateTime": attribution.uploaded_at.replace("T", " ").removesuffix("Z"),
        "DateTimeOriginal": attribution.uploaded_at.replace("T", " ").removesuffix("Z"),
        "ObjectName": file.name.rpartition(".")[0],
        "Categories": "|".join(file.categories),
        "ImageDescription": f'<span lang="en">{html.escape(file.description)}</span>',
        "Credit": '<span class="int-own-work" lang="en">Own work</span>',
        "Artist": strange_html_author(
            f'<a href="//commons.wikimedia.org/wiki/User:{user}" title="User:{author}">'
            f"{author}</a>",
            file.name,
        ),
        "LicenseShortName": licence.short_name,
        "UsageTerms": licence.short_name,
        "AttributionRequired": "true" if licence.must_name_author else "false",
        "Copyrighted": "False" if licence.code == "pd" else "True",
        "Restrictions": "",
        "License": licence.code,
        "GPSLatitude": str(file.latitude),
        "GPSLongitude": str(file.longitude),
    }
    if licence.url is not None:
        values["LicenseUrl"] = licence.url
    return {
        name: {"value": value, "source": "commons-desc-page", "hidden": ""}
        for name, value in values.items()
    }


def _size(file: CommonsFile) -> JsonObject:
    pages = {"pagecount": 1} if file.mime == "application/pdf" else {}
    return {"size": file.size_bytes, "width": file.width, "height": file.height, **pages}
