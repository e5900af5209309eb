/* `sallyport status` as people see it: one look at the server as lines of text. Pure. */
#ifndef SALLYPORT_STATUS_SCREEN_H
#define SALLYPORT_STATUS_SCREEN_H

#include "canvas.h"
#include "status_view.h"

/*
 * Draws it. `has_graphs`: there were many looks, of which the rates are shown as graphs; otherwise there were two, and beside the
 * rate between them stands that since the start. A canvas below 30 lines gets no blank ones.
 */
void status_screen_draw(struct canvas *canvas, const struct status_view *view, int has_graphs);

#endif
