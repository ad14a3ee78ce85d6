"""Describe files and categories of Commons as the MediaWiki API does: `prop=imageinfo` and kin."""

import html
from collections.abc import Callable, Mapping
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

Page = CommonsFile | CommonsCategory


@dataclass(frozen=True)
class PageDescriber:
    """Describe pages for one request: `origin` begins the URLs of files."""

    catalogue: CommonsCatalogue
    parameters: Mapping[str, str]
    origin: str

    def describe(self, page: Page) -> JsonObject:
        """Return the page with the props that were asked for."""
        described = stub_of(page)
        if isinstance(page, CommonsFile) and page.state != "there":
            return described | self._gone(page)
        for prop in values_of(self.parameters.get("prop", ""), name="prop"):
            if isinstance(page, CommonsFile):
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
    def _modern(self) -> bool:
        return self.parameters.get("formatversion") == "2"

    def _file_prop(self, prop: str, file: CommonsFile) -> JsonObject:
        if prop == "imageinfo":
            return {"imagerepository": "local", "imageinfo": [self._image_info(file)]}
        if prop == "categories":
            names = [f"Category:{name}" for name in file.categories]
            return {"categories": [{"ns": CATEGORY_NAMESPACE, "title": name} for name in names]}
        if prop == "coordinates":
            place = {"lat": file.latitude, "lon": file.longitude}
            primary = True if self._modern else ""
            return {"coordinates": [{**place, "primary": primary, "globe": "earth"}]}
        return {}

    def _category_info(self, category: CommonsCategory) -> JsonObject:
        files = len(self.catalogue.files_in(category.name))
        subcategories = len(self.catalogue.subcategories_of(category.name))
        size = files + subcategories
        return {"size": size, "pages": 0, "files": files, "subcats": subcategories}

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
            "url": file_url(self.origin, file),
            "descriptionurl": f"{WIKI}File:{file.url_name}",
            "descriptionshorturl": f"https://commons.wikimedia.org/w/index.php?curid={file.page_id}",
        }

    def _thumbnail(self, file: CommonsFile) -> JsonObject:
        width = whole_number(self.parameters, "iiurlwidth", -1, -1, 10_000)
        if width <= 0:
            return {}
        if file.raster is None and width >= file.width:
            # Pictures of pixels are never enlarged: the "thumbnail" is the file itself.
            url, width, height = file_url(self.origin, file), file.width, file.height
        else:
            url = thumbnail_url(self.origin, file, width)
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
    prefix, suffix = "", ""
    if file.mime == "image/svg+xml":
        suffix = ".png"
    elif file.mime == "application/pdf":
        prefix, suffix = "page1-", ".jpg"
    return f"{folder}/{prefix}{width}px-{file.url_name}{suffix}"


def extended_metadata(file: CommonsFile) -> JsonObject:
    """Return `extmetadata`: licence, author and description, the author as HTML as in reality."""
    attribution, licence = file.attribution, file.attribution.licence
    user = quote(attribution.author.replace(" ", "_"))
    author = html.escape(attribution.author)
    values = {
        "DateTime": attribution.uploaded_at.replace("T", " ").removesuffix("Z"),
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
