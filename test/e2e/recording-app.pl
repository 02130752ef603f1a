use strict;
use IO::Socket::INET;
my $door = IO::Socket::INET->new(LocalPort => 9898, Listen => 1024, ReuseAddr => 1) or die "cannot listen: $!";
$SIG{CHLD} = "IGNORE";
my $number = 0;
while (1) {
  my $client = $door->accept or next;
  $number++;
  next if fork;
  my $take = sub {
    my ($bytes) = @_;
    defined $bytes or exit;
    syswrite STDOUT, "$number $_\n" for unpack "(H2000)*", $bytes;
    return $bytes;
  };
  while (1) {
    my ($length, $is_chunked) = (0, 0);
    my $line = $take->(scalar <$client>);
    while ($line ne "\r\n") {
      $line = $take->(scalar <$client>);
      $length = $1 if $line =~ /^content-length: (\d+)/i;
      $is_chunked = 1 if $line =~ /^transfer-encoding: chunked/i;
    }
    if ($length) {
      read $client, my $body, $length;
      $take->($body);
    }
    while ($is_chunked) {
      my $size = hex $take->(scalar <$client>);
      if ($size == 0) {
        1 while $take->(scalar <$client>) ne "\r\n";
        last;
      }
      read $client, my $chunk, $size + 2;
      $take->($chunk);
    }
    print $client "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
  }
}
