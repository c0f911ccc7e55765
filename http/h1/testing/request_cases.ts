/**
 * Requests and what a decoder must make of them: the table that several tests run in several ways.
 * @module
 */

/** A stream of bytes that is accepted. */
export interface AcceptedCase {
  readonly name: string;
  readonly text: string;
  /** Parts that the first event must contain. */
  readonly head: readonly string[];
  /** The content of the first message; absent if there is none. */
  readonly data?: string;
  /** The trailers of the first message as JSON. */
  readonly trailers?: string;
}

/** A stream of bytes that is refused. */
export interface RefusedCase {
  readonly name: string;
  readonly text: string;
  /** Code or limit, and status. */
  readonly error: string;
}

const HOST = "Host: a\r\n";
const POST = "POST / HTTP/1.1\r\n" + HOST;
const CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n";

/** What is accepted. */
export const ACCEPTED: readonly AcceptedCase[] = [
  {
    name: "the shortest",
    text: "GET / HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\r\n",
    head: [
      "GET / 1.1 form=0 code=1 host=127.0.0.1:3000 path=/ query= [Host=127.0.0.1:3000]",
      "framing=0 length=-1",
    ],
  },
  { name: "HTTP/1.0 without Host", text: "GET / HTTP/1.0\r\n\r\n", head: ["1.0", "host= ", "[]", "close"] },
  {
    name: "HTTP/1.0 with keep-alive",
    text: "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    head: ["1.0", "framing=0 length=-1"],
  },
  { name: "HTTP/1.2 is read as 1.1", text: "GET / HTTP/1.2\r\n" + HOST + "\r\n", head: [" 1.1 "] },
  { name: "an empty line before", text: "\r\nGET / HTTP/1.1\r\n" + HOST + "\r\n", head: ["GET / 1.1"] },
  {
    name: "four empty lines before",
    text: "\r\n\r\n\r\n\r\nPUT / HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["PUT / 1.1"],
  },
  {
    name: "path and query",
    text: "GET /a/b%20c?x=1&y=/?z HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["path=/a/b%20c query=x=1&y=/?z "],
  },
  { name: "an empty query", text: "GET /a? HTTP/1.1\r\n" + HOST + "\r\n", head: ["path=/a query= "] },
  {
    name: "a path of two slashes",
    text: "GET //a HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["form=0", "path=//a "],
  },
  {
    name: "absolute-form: its authority counts, not Host",
    text: "GET http://b:80/p?q HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["form=1 code=1 host=b:80 path=/p query=q"],
  },
  {
    name: "absolute-form without path",
    text: "GET HTTPS://b?q HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["host=b path= query=q"],
  },
  {
    name: "authority-form with CONNECT",
    text: "CONNECT b:443 HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["form=2 code=6 host=b:443 path= query= "],
  },
  {
    name: "asterisk-form with OPTIONS",
    text: "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
    head: ["form=3 code=7 host= path= "],
  },
  {
    name: "a method of its own",
    text: "PROPFIND / HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["PROPFIND", "code=0"],
  },
  {
    name: "a method that starts like another",
    text: "GETS / HTTP/1.1\r\n" + HOST + "\r\n",
    head: ["GETS", "code=0"],
  },
  { name: "methods are case-sensitive", text: "get / HTTP/1.1\r\n" + HOST + "\r\n", head: ["get", "code=0"] },
  ...["HEAD", "POST", "PUT", "DELETE", "TRACE", "PATCH"].map((method) => ({
    name: `method ${method}`,
    text: `${method} / HTTP/1.1\r\n${HOST}\r\n`,
    head: [
      `${method} / 1.1 form=0 code=${
        ["", "", "HEAD", "POST", "PUT", "DELETE", "", "", "TRACE", "PATCH"].indexOf(method)
      }`,
    ],
  })),
  {
    name: "white space around values, none, obs-text",
    text: "GET / HTTP/1.1\r\nHost:a\r\nA: \t b \t\r\nB:\r\nC: \r\nD:\xe9\xff\t\x80\r\n\r\n",
    head: ["[Host=a|A=b|B=|C=|D=\xe9\xff\t\x80]"],
  },
  {
    name: "Connection: close",
    text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n",
    head: ["close"],
  },
  {
    name: "close beats keep-alive",
    text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
    head: ["close"],
  },
  {
    name: "an upgrade",
    text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
    head: ["upgrade"],
  },
  {
    name: "Content-Length",
    text: POST + "Content-Length: 5\r\n\r\nhello",
    head: ["framing=1 length=5"],
    data: "hello",
  },
  {
    name: "Content-Length with zeros",
    text: POST + "content-length: 0003\r\n\r\nabc",
    head: ["length=3"],
    data: "abc",
  },
  {
    name: "Content-Length: 0 is no content",
    text: POST + "Content-Length: 0\r\n\r\n",
    head: ["framing=0 length=0"],
  },
  {
    name: "content that looks like a request",
    text: POST + "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    head: ["framing=1"],
    data: "GET / HTTP/1.1\r\n\r\n",
  },
  {
    name: "Expect: 100-continue",
    text: POST + "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
    head: ["framing=1 length=2 expect"],
    data: "hi",
  },
  {
    name: "chunks",
    text: CHUNKED + "5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n",
    head: ["framing=2"],
    data: "hello 0123456789",
  },
  { name: "no chunk but the last", text: CHUNKED + "0\r\n\r\n", head: ["framing=2 length=-1"] },
  {
    name: "many zeros",
    text: CHUNKED + "0000000000000000000a\r\n0123456789\r\n000\r\n\r\n",
    head: ["framing=2"],
    data: "0123456789",
  },
  {
    name: "chunk extensions",
    text: CHUNKED + '2;a;b=c;d="\te \\" f;";g\r\nhi\r\n0;x\r\n\r\n',
    head: ["framing=2"],
    data: "hi",
  },
  {
    name: "trailers",
    text: CHUNKED + "1\r\na\r\n0\r\nDigest: x\r\nX-Note:  y \r\n\r\n",
    head: ["framing=2"],
    data: "a",
    trailers: '[["digest","x"],["x-note","y"]]',
  },
  {
    name: "forbidden trailers are dropped",
    text: CHUNKED +
      "0\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\nHost: evil\r\nAuthorization: x\r\nok: 1\r\n\r\n",
    head: ["framing=2"],
    trailers: '[["ok","1"]]',
  },
  { name: "only forbidden trailers", text: CHUNKED + "0\r\nHost: evil\r\n\r\n", head: ["framing=2"] },
  {
    name: "chunked in capitals",
    text: POST + "TRANSFER-ENCODING:CHUNKED\r\n\r\n0\r\n\r\n",
    head: ["framing=2"],
  },
];

const FIELD = (line: string) => `GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`;
const LINE = (line: string) => `${line}\r\n${HOST}\r\n`;

/** What is refused, and how. */
export const REFUSED: readonly RefusedCase[] = [
  ...[
    ["a space before the method", " GET / HTTP/1.1", "ERR_H1_METHOD 400"],
    ["no method", "/ HTTP/1.1", "ERR_H1_METHOD 400"],
    ["a bad byte in the method", "G\x00T / HTTP/1.1", "ERR_H1_METHOD 400"],
    ["a TLS handshake", "\x16\x03\x01\x02\x00", "ERR_H1_METHOD 400"],
    ["a method of 25 bytes", "ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1", "ERR_H1_METHOD 501"],
    ["two spaces after the method", "GET  / HTTP/1.1", "ERR_H1_TARGET 400"],
    ["a tab after the method", "GET\t/ HTTP/1.1", "ERR_H1_METHOD 400"],
    ["two spaces before the version", "GET /  HTTP/1.1", "ERR_H1_VERSION 400"],
    ["a tab before the version", "GET /\tHTTP/1.1", "ERR_H1_TARGET 400"],
    ["a space after the version", "GET / HTTP/1.1 ", "ERR_H1_REQUEST_LINE 400"],
    ["a space in the target", "GET /a b HTTP/1.1", "ERR_H1_VERSION 400"],
    ["no version", "GET /", "ERR_H1_TARGET 400"],
    ["no version, but its space", "GET / ", "ERR_H1_VERSION 400"],
    ["HTTP in lower case", "GET / http/1.1", "ERR_H1_VERSION 400"],
    ["another protocol", "GET / ICE/1.0", "ERR_H1_VERSION 400"],
    ["a version of two digits", "GET / HTTP/1.10", "ERR_H1_REQUEST_LINE 400"],
    ["a version without minor", "GET / HTTP/1", "ERR_H1_VERSION 400"],
    ["a version with a comma", "GET / HTTP/1,1", "ERR_H1_VERSION 400"],
    ["version 11.1", "GET / HTTP/11.1", "ERR_H1_VERSION 400"],
    ["HTTP/2.0", "GET / HTTP/2.0", "ERR_H1_VERSION 505"],
    ["HTTP/0.9", "GET / HTTP/0.9", "ERR_H1_VERSION 505"],
    ["the preface of HTTP/2", "PRI * HTTP/2.0", "ERR_H1_TARGET 400"],
    ["a control character in the target", "GET /\x01 HTTP/1.1", "ERR_H1_TARGET 400"],
    ["DEL in the target", "GET /\x7f HTTP/1.1", "ERR_H1_TARGET 400"],
    ["bytes above ASCII in the target", "GET /\xc3\xa9 HTTP/1.1", "ERR_H1_TARGET 400"],
    ["a fragment", "GET /a#b HTTP/1.1", "ERR_H1_TARGET 400"],
    ["a fragment in the query", "GET /a?b#c HTTP/1.1", "ERR_H1_TARGET 400"],
    ["a relative target", "GET a HTTP/1.1", "ERR_H1_TARGET 400"],
    ["a query alone", "GET ?a HTTP/1.1", "ERR_H1_TARGET 400"],
    ["another scheme", "GET ftp://a/ HTTP/1.1", "ERR_H1_TARGET 400"],
    ["absolute-form without host", "GET http:///a HTTP/1.1", "ERR_H1_TARGET 400"],
    ["absolute-form cut short", "GET http:// HTTP/1.1", "ERR_H1_TARGET 400"],
    ["user information", "GET http://u@b/ HTTP/1.1", "ERR_H1_TARGET 400"],
    ["asterisk with GET", "GET * HTTP/1.1", "ERR_H1_TARGET 400"],
    ["more than an asterisk", "OPTIONS ** HTTP/1.1", "ERR_H1_TARGET 400"],
    ["CONNECT without port", "CONNECT b HTTP/1.1", "ERR_H1_TARGET 400"],
    ["CONNECT with a path", "CONNECT /b HTTP/1.1", "ERR_H1_TARGET 400"],
    ["authority with GET", "GET b:443 HTTP/1.1", "ERR_H1_TARGET 400"],
  ].map(([name, line, error]) => ({ name, text: LINE(line), error })),
  {
    name: "five empty lines before",
    text: "\r\n".repeat(5) + LINE("GET / HTTP/1.1"),
    error: "ERR_H1_REQUEST_LINE 400",
  },
  { name: "a bare LF before", text: "\n" + LINE("GET / HTTP/1.1"), error: "ERR_H1_METHOD 400" },
  { name: "a lone CR before", text: "\rGET / HTTP/1.1\r\n", error: "ERR_H1_LINE_END 400" },
  {
    name: "a bare LF after the request line",
    text: "GET / HTTP/1.1\nHost: a\r\n\r\n",
    error: "ERR_H1_REQUEST_LINE 400",
  },
  {
    name: "a lone CR after the request line",
    text: "GET / HTTP/1.1\rHost: a\r\n\r\n",
    error: "ERR_H1_LINE_END 400",
  },
  {
    name: "white space before the first field",
    text: "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    error: "ERR_H1_OBS_FOLD 400",
  },
  ...[
    ["obs-fold by space", "A: b\r\n c", "ERR_H1_OBS_FOLD 400"],
    ["obs-fold by tab", "A: b\r\n\tc", "ERR_H1_OBS_FOLD 400"],
    ["a field without colon", "Abc", "ERR_H1_FIELD_NAME 400"],
    ["an empty name", ": b", "ERR_H1_FIELD_NAME 400"],
    ["a space before the colon", "Abc : d", "ERR_H1_FIELD_NAME 400"],
    ["a tab before the colon", "Abc\t: d", "ERR_H1_FIELD_NAME 400"],
    ["a bracket in a name", "A[b]: c", "ERR_H1_FIELD_NAME 400"],
    ["a byte above ASCII in a name", "\xc0bc: d", "ERR_H1_FIELD_NAME 400"],
    ["NUL in a name", "A\0: b", "ERR_H1_FIELD_NAME 400"],
    ["NUL in a value", "A: b\0c", "ERR_H1_FIELD_VALUE 400"],
    ["a control character in a value", "A: b\x0bc", "ERR_H1_FIELD_VALUE 400"],
    ["DEL in a value", "A: b\x7f", "ERR_H1_FIELD_VALUE 400"],
    ["a bare LF in a value", "A: b\nC: d", "ERR_H1_FIELD_VALUE 400"],
    ["a lone CR in a value", "A: b\rC: d", "ERR_H1_LINE_END 400"],
    ["CR CR LF", "A: b\r\r\nC: d", "ERR_H1_LINE_END 400"],
    ["a lone CR at a line's start", "A: b\r\n\rC: d", "ERR_H1_LINE_END 400"],
    ["a second Host", "Host: a", "ERR_H1_HOST 400"],
    [
      "Content-Length twice, different",
      "Content-Length: 1\r\nContent-Length: 2",
      "ERR_H1_CONTENT_LENGTH 400",
    ],
    ["Content-Length twice, equal", "Content-Length: 1\r\nContent-Length: 1", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length as a list", "Content-Length: 1, 1", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length: 0 twice", "Content-Length: 0\r\nContent-Length: 0", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length empty", "Content-Length: ", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length with a sign", "Content-Length: +1", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length negative", "Content-Length: -1", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length in hex", "Content-Length: 0x1", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length with a fraction", "Content-Length: 1.0", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length with a space inside", "Content-Length: 1 2", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length with an underscore", "Content-Length: 1_0", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length of 2^53", "Content-Length: 9007199254740992", "ERR_H1_CONTENT_LENGTH 400"],
    ["Content-Length of 2^64", "Content-Length: 18446744073709551616", "ERR_H1_CONTENT_LENGTH 400"],
    [
      "Content-Length and Transfer-Encoding",
      "Content-Length: 1\r\nTransfer-Encoding: chunked",
      "ERR_H1_FRAMING 400",
    ],
    [
      "Transfer-Encoding and Content-Length: 0",
      "Transfer-Encoding: chunked\r\nContent-Length: 0",
      "ERR_H1_FRAMING 400",
    ],
    ["chunked twice in a list", "Transfer-Encoding: chunked, chunked", "ERR_H1_TRANSFER_ENCODING 400"],
    ["chunked not last", "Transfer-Encoding: chunked, gzip", "ERR_H1_TRANSFER_ENCODING 400"],
    ["no chunked", "Transfer-Encoding: gzip", "ERR_H1_TRANSFER_ENCODING 400"],
    ["identity", "Transfer-Encoding: identity", "ERR_H1_TRANSFER_ENCODING 400"],
    ["an empty coding", "Transfer-Encoding:", "ERR_H1_TRANSFER_ENCODING 400"],
    ["an empty element before", "Transfer-Encoding: , chunked", "ERR_H1_TRANSFER_ENCODING 400"],
    ["an empty element after", "Transfer-Encoding: chunked,", "ERR_H1_TRANSFER_ENCODING 400"],
    ["chunked in quotes", 'Transfer-Encoding: "chunked"', "ERR_H1_TRANSFER_ENCODING 400"],
    ["chunked with a parameter", "Transfer-Encoding: chunked;a=b", "ERR_H1_TRANSFER_ENCODING 400"],
    ["chunked with a letter more", "Transfer-Encoding: xchunked", "ERR_H1_TRANSFER_ENCODING 400"],
    ["chunked after a vertical tab", "Transfer-Encoding: \x0bchunked", "ERR_H1_FIELD_VALUE 400"],
    ["chunked with a dotless i's cousin", "Transfer-Encoding: chun\xe5ed", "ERR_H1_TRANSFER_ENCODING 400"],
    [
      "Transfer-Encoding twice",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
      "ERR_H1_TRANSFER_ENCODING 400",
    ],
    [
      "Transfer-Encoding over two fields",
      "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
      "ERR_H1_TRANSFER_ENCODING 400",
    ],
    ["an unknown coding, then chunked", "Transfer-Encoding: gzip, chunked", "ERR_H1_TRANSFER_ENCODING 501"],
  ].map(([name, line, error]) => ({ name, text: FIELD(line), error })),
  {
    name: "Transfer-Encoding in HTTP/1.0",
    text: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    error: "ERR_H1_FRAMING 400",
  },
  {
    name: "CONNECT with content",
    text: "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\nx",
    error: "ERR_H1_FRAMING 400",
  },
  { name: "no Host", text: "GET / HTTP/1.1\r\n\r\n", error: "ERR_H1_HOST 400" },
  ...[
    "",
    "a b",
    "a:b",
    "a:99999",
    "a:1:2",
    "a/b",
    "u@a",
    "[::1",
    "[]",
    "[1.2.3.4]",
    "a%zz",
    ":80",
    "\xe9",
    "a\\b",
  ]
    .map((host) => ({
      name: `Host ${JSON.stringify(host)}`,
      text: `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      error: "ERR_H1_HOST 400",
    })),
  ...[
    ["no chunk size", "\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a chunk size with +", "+3\r\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a chunk size with -", "-3\r\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a chunk size with 0x", "0x3\r\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a chunk size with _", "1_0\r\n0123456789012345\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a space before a chunk size", " 3\r\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a space after a chunk size", "3 \r\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a space before an extension", "3 ;a\r\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a letter after F", "g\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a chunk size of 14 digits", "10000000000000\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a chunk size of 17 digits", "10000000000000003\r\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["an extension without size", ";a\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a bare LF after the size", "3\nabc\r\n", "ERR_H1_CHUNK_SIZE 400"],
    ["a lone CR after the size", "3\rabc\r\n", "ERR_H1_CHUNK 400"],
    ["a bare LF in an extension", "3;a\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["a lone CR in an extension", "3;a\rb\r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["an extension without name", "3;\r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["an extension without name, then one", "3;;a\r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["an extension without value", "3;a=\r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["an extension with two values", "3;a=b=c\r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["an extension with a space", "3; a\r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["an extension with a space after it", "3;a \r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["an open quote in an extension", '3;a="b\r\nabc\r\n', "ERR_H1_CHUNK 400"],
    ["an escaped end in an extension", '3;a="b\\\r\nabc\r\n', "ERR_H1_CHUNK 400"],
    ["text after a quote in an extension", '3;a="b"c\r\nabc\r\n', "ERR_H1_CHUNK 400"],
    ["NUL in quotes in an extension", '3;a="\0"\r\nabc\r\n', "ERR_H1_CHUNK 400"],
    ["NUL in an extension", "3;\0\r\nabc\r\n", "ERR_H1_CHUNK 400"],
    ["no CRLF after the data", "3\r\nabc0\r\n\r\n", "ERR_H1_CHUNK 400"],
    ["a bare LF after the data", "3\r\nabc\n0\r\n\r\n", "ERR_H1_CHUNK 400"],
    ["a lone CR after the data", "3\r\nabc\r0\r\n\r\n", "ERR_H1_CHUNK 400"],
    ["more data than the size", "3\r\nabcd\r\n0\r\n\r\n", "ERR_H1_CHUNK 400"],
    ["a bare LF at the end", "0\r\n\n", "ERR_H1_FIELD_NAME 400"],
    ["a lone CR at the end", "0\r\n\rX", "ERR_H1_CHUNK 400"],
    ["a trailer that is none", "0\r\nGET / HTTP/1.1\r\n\r\n", "ERR_H1_FIELD_NAME 400"],
    ["a trailer with a bare LF", "0\r\nA: b\n\r\n", "ERR_H1_FIELD_VALUE 400"],
    ["obs-fold in a trailer", "0\r\nA: b\r\n c\r\n\r\n", "ERR_H1_OBS_FOLD 400"],
  ].map(([name, body, error]) => ({ name, text: CHUNKED + body, error })),
];
