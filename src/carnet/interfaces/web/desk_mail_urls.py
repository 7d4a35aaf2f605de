"""The addresses of the desk's inbox, its conversations and what is done with them."""

from django.urls import path

from carnet.interfaces.web.views.desk import conversation, inbox, keys, pieces, replies, thread_acts

_BOX = "bureau/<uuid:box>"
_THREAD = f"{_BOX}/echanges/<uuid:thread>"
_PIECE = f"{_THREAD}/<uuid:message>/<str:piece>"

urlpatterns = [
    path(f"{_BOX}/", inbox.inbox, name="desk_inbox"),
    path(f"{_BOX}/recherche/", inbox.seek, name="desk_search"),
    path(f"{_BOX}/selection/", inbox.act_on_several, name="desk_several"),
    path(f"{_BOX}/nouveautes/", inbox.news, name="desk_news"),
    path(f"{_BOX}/raccourcis/", keys.show, name="desk_keys"),
    path(f"{_BOX}/reponses/", replies.show_all, name="desk_replies"),
    path(f"{_BOX}/reponses/<uuid:reply>/", replies.change, name="desk_reply"),
    path(f"{_BOX}/reponses/<uuid:reply>/suppression/", replies.delete, name="desk_reply_delete"),
    path(f"{_THREAD}/", conversation.show, name="desk_thread"),
    path(f"{_THREAD}/reponse/", conversation.send_answer, name="desk_answer"),
    path(f"{_THREAD}/impression/", conversation.print_out, name="desk_print"),
    path(f"{_THREAD}/charge/", thread_acts.take, name="desk_take"),
    path(f"{_THREAD}/note/", thread_acts.note, name="desk_note"),
    path(f"{_THREAD}/reponse-inutile/", thread_acts.settle, name="desk_settle"),
    path(f"{_THREAD}/non-lu/", thread_acts.unread, name="desk_unread"),
    path(f"{_THREAD}/corbeille/", thread_acts.trash, name="desk_trash"),
    path(f"{_THREAD}/fin/", thread_acts.end, name="desk_end"),
    path(f"{_PIECE}/", pieces.show, name="desk_piece"),
    path(f"{_PIECE}/contenu/", pieces.content, name="desk_piece_content"),
    path(f"{_PIECE}/page/<int:number>/", pieces.page_of, name="desk_piece_page"),
    path(f"{_PIECE}/fichier/", pieces.download, name="desk_piece_download"),
]
