#include "ready_parts.h"

#include "message.h"

unsigned
ready_parts(const struct accounts *accounts, struct room *room)
{
	unsigned parts = 0;

	if (accounts_is_linked(accounts))
		parts |= MESSAGE_READY_LINKED;
	if (accounts_is_synchronised(accounts))
		parts |= MESSAGE_READY_SYNCHRONISED;
	if (!room_is_short(room))
		parts |= MESSAGE_READY_ROOM;
	return parts;
}
