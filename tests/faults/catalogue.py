"""
Every fault that is brought about, as docs/reliability.md lists them: a test brings about each of them by its name, and none that is not here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    name: str
    section: str
    what: str  # is done
    outcome: str  # for clients and resolvers, and how it ends
    within: float = 0  # seconds until all is well again, in the published run; 0: nothing to recover from


PROCESSES = "A process dies or stands still"
SHORTAGE = "Descriptors and memory run short"
DISK = "The disk"
LINKS = "Between the processes"
OPERATORS = "The clock, and who administers"
LOAD = "Load"

ENTRIES = (
    Entry("store_killed", PROCESSES, "store: SIGKILL", "the API answers 503, DNS goes on; store is started afresh", 10),
    Entry("dnsd_killed", PROCESSES, "dnsd: SIGKILL", "DNS is silent, the API goes on; dnsd is started afresh", 10),
    Entry("apid_killed", PROCESSES, "apid: SIGKILL", "connections of the API end, DNS goes on; apid is started afresh", 10),
    Entry("parent_killed", PROCESSES, "`sallyport run`: SIGKILL", "all three end by themselves; well once it is started again", 10),
    Entry("store_stopped", PROCESSES, "store: SIGSTOP, up to 2 s later SIGCONT", "the API waits, DNS goes on", 10),
    Entry("dnsd_stopped", PROCESSES, "dnsd: the same", "DNS is silent, the API goes on", 10),
    Entry("apid_stopped", PROCESSES, "apid: the same", "the API is silent, DNS goes on", 10),
    Entry("parent_stopped", PROCESSES, "`sallyport run`: the same", "nobody notices", 10),
    Entry("no_descriptors_apid", SHORTAGE, "apid: connections come until no descriptor is left",
          "those idle longest make place for others", 10),
    Entry("no_descriptors_dnsd", SHORTAGE, "dnsd: the same", "the same; UDP does not notice", 10),
    Entry("no_descriptors_store", SHORTAGE, "store: the same, from administrators", "nobody else notices", 10),
    Entry("no_memory_store", SHORTAGE, "store: one allocation fails, at any moment of the work",
          "it goes on, or ends and is started afresh; DNS goes on", 10),
    Entry("no_memory_dnsd", SHORTAGE, "dnsd: the same", "the same; the API goes on", 10),
    Entry("no_memory_apid", SHORTAGE, "apid: the same", "the same; DNS goes on", 10),
    Entry("no_memory_group", SHORTAGE, "the limit of a control group comes down below what all of them use, for up to a second",
          "the kernel ends one or the other; each is started afresh until there is enough", 10),
    Entry("power_lost", DISK, "the power fails at any moment: what was not synced is lost, partly there and reordered, or torn at 512 bytes",
          "what was answered is there, nothing is half there"),
    Entry("database_damaged", DISK, "bits flipped, pages zeroed, copied, filled with noise, the file cut off",
          "what can be served is; the rest is SERVFAIL in DNS, refused in the API, and told by name; `sallyport verify` or the log finds what clients notice"),
    Entry("disk_full", DISK, "every write fails with ENOSPC, for a second and more",
          "updates get `db_error`, DNS goes on; well by itself when there is room", 10),
    Entry("disk_read_only", DISK, "every write fails with EROFS, for a second and more",
          "store ends and is started afresh until it can write; DNS goes on", 10),
    Entry("disk_write_error", DISK, "every write fails with EIO, for a second and more", "the same", 10),
    Entry("disk_sync_error", DISK, "every fsync fails with EIO, for a second and more", "the same", 10),
    Entry("disk_one_error", DISK, "one write or sync fails (each of these errors), at any moment of a commit", "the same", 10),
    Entry("disk_half_a_write", DISK, "a write takes a half of what it was given", "the same", 10),
    Entry("file_system_full", DISK, "a real ext4 has not one block left, while a backup holds the old ones",
          "updates get `db_error`, DNS goes on; well by itself when there is room", 10),
    Entry("file_system_read_only", DISK, "the kernel finds ext4 damaged and makes it read-only; it is unmounted, checked, mounted",
          "store ends and is started afresh until it can write; DNS goes on", 10),
    Entry("disk_slow", DISK, "every sync takes two seconds longer", "updates wait for it, none fails; DNS goes on", 10),
    Entry("snapshot_cut", LINKS, "dnsd dies, and store while it tells the next dnsd of 200,000 names",
          "DNS answers SERVFAIL for what it has not heard of yet; the next store tells all of it", 10),
    Entry("wrong_messages", LINKS, "a taken-over apid sends a million updates that it has no right to, between others that are right",
          "each is refused; the right ones are made and served; store's memory stays what it was"),
    Entry("clock_jumped", OPERATORS, "the time of day jumps by an hour, a day, decades, to and fro", "nobody notices", 10),
    Entry("second_store", OPERATORS, "a second server is started on the same database", "it refuses in one line; nobody notices", 10),
    Entry("reload_mistake", OPERATORS, "`sallyport reload` of a configuration with a mistake",
          "refused with file, line and column; the old one stays, nobody notices", 10),
    Entry("soak", LOAD, "mixed load for an hour, wrong requests included",
          "memory, descriptors and threads of each process are what they were after the warm-up, to 1 %"),
    Entry("flooded", LOAD, "20,000 questions a second over UDP from 10,000 addresses", "clients and resolvers are served on", 10),
    Entry("idle_dns", LOAD, "10,000 connections to DNS on which nothing is said; who is closed comes again",
          "those idle longest make place for others (`dns.tcp.connections`)", 10),
    Entry("idle_api", LOAD, "the same to the API", "the same", 10),
    Entry("wrong_keys", LOAD, "1,000 wrong keys a second from 500 addresses of one network", "clients with a right key are served on", 10),
    Entry("wrong_keys_spread", LOAD, "the same from 500 addresses of 200 networks", "the same; a key that is used for the first time waits", 10),
)
SECTIONS = tuple(dict.fromkeys(entry.section for entry in ENTRIES))
BY_NAME = {entry.name: entry for entry in ENTRIES}
