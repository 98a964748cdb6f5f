# Cuts what a sender sent out of nginx's error log. nginx writes the request line, Host and Referer into it, always in double
# quotes and after its own words, so a record is cut at its first quote. Run with -n and LC_ALL=C (else "." stops at a byte
# that is not UTF-8). Written to stderr, which sed flushes line by line.

# Start-up and configuration errors: no request is involved, and their quotes hold the file name that one needs.
/^nginx: \[[a-z]*\] /{
w /dev/stderr
b
}

# A record: date, time, [level], process. Only what begins like one is let through: a reader that was killed may leave
# the next one in the middle of a line, behind the quote.
/^[0-9]\{4\}\/[0-9][0-9]\/[0-9][0-9] [0-9:]\{8\} \[[a-z]*\] [0-9]*#[0-9]*: /{
s/".*/[cut]/
# A backend that is away: an error to nginx while the file of its socket is there, and critical once that is gone too; for a
# request, and for the question after the policy, should the file go between our looking for it and its use.
s/ \[crit\] \([0-9#]*: \*[0-9]* connect() to unix:.* failed (2: No such file or directory)\( while connecting to upstream\)\{0,1\},\)/ [error] \1/
# A client that breaks TLS: nginx 1.22 calls critical whatever fault it has no name for, and any stranger can send one.
s/ \[crit\] \([0-9#]*: \*[0-9]* SSL_[a-z_]*() failed.*, client: \)/ [info] \1/
# A full cache of sessions whose oldest one leaves too small a place: the next handshake is a whole one, and that is all.
s/ \[alert\] \([0-9#]*: \*[0-9]* could not allocate new session in SSL session shared cache\)/ [warn] \1/
# A full worker writes one alert for each connection that it closes, and any client can open those. One record in ten
# seconds is enough: the hold space has the time of the last one, without its last digit.
/ worker_connections are not enough\| failed (24: Too many open files)/{
G
/^\(.\{18\}\).*\n\1$/d
s/\n.*//
h
x
s/^\(.\{18\}\).*/\1/
x
}
w /dev/stderr
b
}

# The lines of a Lua traceback.
/^\(stack traceback:\|coroutine [0-9]*:\|	.*: in \)/{
s/".*/[cut]/
w /dev/stderr
}
