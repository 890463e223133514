package io.penstock.flink.prometheus;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** A remote write endpoint that answers as told, and keeps what it accepted. */
final class Endpoint implements AutoCloseable {
    final List<String> stored = new CopyOnWriteArrayList<>();
    final List<String> encodings = new CopyOnWriteArrayList<>();

    private final Queue<Integer> answers = new ConcurrentLinkedQueue<>();
    private final HttpServer server;

    Endpoint() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/write", this::answer);
        server.start();
    }

    /** The next requests get these statuses, all after them 204. */
    void answerWith(int... statuses) {
        for (int status : statuses) {
            answers.add(status);
        }
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/write");
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        Integer status = answers.poll();
        if (status == null) {
            status = 204;
        }
        encodings.add(exchange.getRequestHeaders().getFirst("Content-Encoding")
                + " " + exchange.getRequestHeaders().getFirst("Content-Type")
                + " " + exchange.getRequestHeaders().getFirst("X-Prometheus-Remote-Write-Version"));
        if (status == 204) {
            stored.addAll(WriteRequests.decode(body));
            exchange.sendResponseHeaders(status, -1);
        } else {
            byte[] text = "because".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, text.length);
            exchange.getResponseBody().write(text);
        }
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
