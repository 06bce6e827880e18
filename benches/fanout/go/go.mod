module fanout

go 1.19
