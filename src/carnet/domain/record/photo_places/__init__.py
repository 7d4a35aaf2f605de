"""What a photograph tells of where it was taken, removed without touching a pixel.

Telephones write the place into every picture (CIPA DC-008, Exif 2.32 §4.6.6), and cameras their serial numbers. What a
picture needs to be drawn is kept, and how it is turned; everything else goes: Exif, XMP, IPTC, maker notes, comments,
thumbnails, and whatever follows the end of the picture. What is kept is named, so that what a format may bring one day
goes too.
"""

from carnet.domain.record.media_types import GIF, JPEG, PNG, TIFF
from carnet.domain.record.photo_places.broken import BrokenPhoto
from carnet.domain.record.photo_places.gif import gif_without_place
from carnet.domain.record.photo_places.jpeg import jpeg_without_place
from carnet.domain.record.photo_places.png import png_without_place
from carnet.domain.record.photo_places.tiff import tiff_without_place

__all__ = ["BrokenPhoto", "without_place"]

_CLEANERS = {
    JPEG: jpeg_without_place,
    PNG: png_without_place,
    TIFF: tiff_without_place,
    GIF: gif_without_place,
}


def without_place(content: bytes, media_type: str) -> bytes:
    """The picture without what tells where, when and by whom it was taken; its pixels and its orientation unchanged.

    ``media_type`` is what the content is (``media_types.sniff_media_type``); a file that is no picture comes back as
    it is. Raises ``BrokenPhoto`` for a picture that is cut short or damaged: what cannot be read cannot be cleaned.
    """
    cleaner = _CLEANERS.get(media_type)
    return content if cleaner is None else cleaner(content)
