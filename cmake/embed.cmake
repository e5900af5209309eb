# cmake -DINPUT=FILE -DOUTPUT=FILE -P embed.cmake: a file's bytes as the rows of a C array, with a NUL behind them.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1', " bytes "${bytes}")
file(WRITE ${OUTPUT} "${bytes}'\\0'\n")
