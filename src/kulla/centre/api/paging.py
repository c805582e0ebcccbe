"""Lists in pages."""

from django.conf import settings
from ninja import Field
from ninja.pagination import LimitOffsetPagination


class Paged(LimitOffsetPagination):
    """By limit and offset, both bounded: ninja bounds no offset, and no database takes every number."""

    class Input(LimitOffsetPagination.Input):
        """What is asked."""

        offset: int = Field(0, ge=0, le=settings.NINJA_PAGINATION_MAX_OFFSET)
