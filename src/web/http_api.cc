// SPDX-License-Identifier: Apache-2.0
#include "web/http_api.h"

#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>

#include "web/routes.h"

namespace clinnova::web {
namespace {

constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

bool IsLoopback(std::string_view host) {
  constexpr std::array<std::string_view, 4> kNames = {"127.0.0.1", "localhost", "::1", "[::1]"};
  return std::ranges::find(kNames, host) != kNames.end();
}

// "127.0.0.1:8443" -> "127.0.0.1"; "[::1]:8443" -> "[::1]".
std::string_view HostWithoutPort(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  if (bracket != std::string_view::npos && colon < bracket) return host;
  return host.substr(0, colon);
}

// The library's default sets SO_REUSEPORT, which would let another process share our port.
void SetSocketOptions(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

// The library lets five connections wait; the sixth that comes at the same moment would try again a second later.
constexpr int kWaitingConnections = 512;

void SetHeaders(httplib::Response& response, const Reply& reply) {
  response.set_header("Content-Security-Policy", std::string(kContentSecurityPolicy));
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("X-Frame-Options", "DENY");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cross-Origin-Resource-Policy", "same-origin");
  response.set_header("Cross-Origin-Opener-Policy", "same-origin");
  if (reply.etag.empty()) {
    response.set_header("Cache-Control", "no-store");
    return;
  }
  response.set_header("ETag", std::string(reply.etag));
  response.set_header("Cache-Control",
                      reply.immutable ? "public, max-age=31536000, immutable" : "no-cache");
}

void Send(const Reply& reply, const httplib::Request& request, httplib::Response& response) {
  SetHeaders(response, reply);
  if (!reply.etag.empty() && request.get_header_value("If-None-Match") == reply.etag) {
    response.status = 304;
    return;
  }
  if (reply.status != 200) response.status = reply.status;  // 200 or 206 is the library's to say
  const std::string type(reply.content_type);
  if (reply.static_body.empty()) {
    response.set_content(reply.body, type);
    return;
  }
  // A provider sends from where the file lies, and is not compressed anew for every request.
  response.set_content_provider(
      reply.static_body.size(), type,
      [bytes = reply.static_body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        return sink.write(bytes.data() + offset, length);
      });
}

// What is wrong with a request whatever it asks for; nothing when it may be answered.
std::optional<Reply> Refuse(const HttpServerOptions& options, const httplib::Request& request) {
  const std::string host = request.get_header_value("Host");
  if (!host.empty() && !IsLoopback(HostWithoutPort(host))) {
    return ErrorReply(421, "wrong_host",
                      "host: found another name, expected 127.0.0.1 or localhost");
  }
  if (request.get_header_value<std::uint64_t>("Content-Length") > options.max_body_bytes) {
    return ErrorReply(
        413, "too_large",
        "body: expected at most " + std::to_string(options.max_body_bytes) + " bytes");
  }
  // Many overlapping ranges of one file would multiply it in memory.
  if (request.ranges.size() > 1) return ErrorReply(416, "bad_range", "expected one range");
  return std::nullopt;
}

bool IsJson(const httplib::Request& request) {
  const std::string type = request.get_header_value("Content-Type");
  return std::string_view(type).substr(0, type.find(';')) == "application/json";
}

// The answer to a request without its body; nothing when the body has to be read first.
std::optional<Reply> AnswerHead(const Application& application, const HttpServerOptions& options,
                                const httplib::Request& request, httplib::Response& response) {
  if (auto refused = Refuse(options, request)) return refused;
  const bool post = application.TakesPost(request.path);
  if (post && request.method == "POST") {
    // Also what keeps a form on some page from posting here.
    if (IsJson(request)) return std::nullopt;
    return ErrorReply(415, "not_json", "content type: expected application/json");
  }
  if (!post && (request.method == "GET" || request.method == "HEAD")) {
    return application.Get(request.path);
  }
  const std::string allowed = post ? "POST" : "GET or HEAD";
  response.set_header("Allow", post ? "POST" : "GET, HEAD");
  return ErrorReply(405, "method_not_allowed", "method: expected " + allowed);
}

class HubPages final : public Application {
 public:
  explicit HubPages(const HubView& hub) : hub_(hub) {}
  Reply Get(std::string_view path) const override { return AnswerGet(hub_, path); }
  bool TakesPost(std::string_view) const override { return false; }
  Reply Post(std::string_view, std::string_view) const override {
    return ErrorReply(405, "method_not_allowed", "method: expected GET or HEAD");
  }

 private:
  const HubView& hub_;  // not owned, outlives this
};

// What the library refuses by itself: a request it cannot parse, an endless URI.
void SendLibraryError(const httplib::Request& request, httplib::Response& response) {
  if (!response.body.empty() || response.status == 304) return;
  const bool large = response.status == 413;
  Send(ErrorReply(response.status, large ? "too_large" : "bad_request",
                  large ? "body: too long" : "the request could not be read"),
       request, response);
}

}  // namespace

class HttpServer::Listener {
 public:
  Listener(const HttpServerOptions& options, const Application& application,
           std::unique_ptr<HubPages> pages)
      : options_(options), pages_(std::move(pages)), application_(application) {
    const int threads = std::max(1, options.threads);
    server_.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
    // A waiting connection would hold one of few threads, and a browser opens six at once.
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(std::chrono::seconds(5));
    server_.set_write_timeout(std::chrono::seconds(10));
    server_.set_payload_max_length(options.max_body_bytes);
    server_.set_tcp_nodelay(true);
    server_.set_socket_options([this](int socket) {
      SetSocketOptions(socket);
      socket_ = socket;
    });
    server_.set_pre_routing_handler([this](const auto& request, auto& response) {
      const auto reply = AnswerHead(application_, options_, request, response);
      if (!reply) return httplib::Server::HandlerResponse::Unhandled;
      Send(*reply, request, response);
      return httplib::Server::HandlerResponse::Handled;
    });
    server_.Post(".*", [this](const auto& request, auto& response) {
      Send(application_.Post(request.path, request.body), request, response);
    });
    server_.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
      SendLibraryError(request, response);
    });
  }

  ~Listener() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> Start() {
    port_ = options_.port == 0
                ? server_.bind_to_any_port(options_.address)
                : (server_.bind_to_port(options_.address, options_.port) ? options_.port : -1);
    if (port_ < 0) {
      return Fail(ErrorCode::kFailed, "web port " + std::to_string(options_.port) + " of " +
                                          options_.address + " is taken or not ours to open");
    }
    (void)::listen(socket_, kWaitingConnections);  // anew: the library has listened while binding
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    // stop() is only heard by a server that runs.
    while (!server_.is_running() && !ended_)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (ended_) return Fail(ErrorCode::kFailed, "the web server stopped while starting");
    return {};
  }

  int port() const { return port_; }
  const std::string& address() const { return options_.address; }

 private:
  const HttpServerOptions options_;
  const std::unique_ptr<HubPages> pages_;  // of a hub; else null
  const Application& application_;         // not owned, outlives this
  httplib::Server server_;
  std::thread thread_;
  std::atomic<bool> ended_ = false;
  int socket_ = -1;  // the library's; the last one that it tried is the one that is bound
  int port_ = -1;
};

namespace {

Result<void> CheckOptions(const HttpServerOptions& options) {
  if (!IsLoopback(options.address)) {
    return Fail(ErrorCode::kInvalidInput,
                "web address: found " + options.address + ", expected 127.0.0.1, ::1 or localhost");
  }
  if (options.port < 0 || options.port > 65535) {
    return Fail(ErrorCode::kInvalidInput,
                "web port: found " + std::to_string(options.port) + ", expected 0 to 65535");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      const Application& application) {
  CLINNOVA_TRY(CheckOptions(options));
  auto listener = std::make_unique<Listener>(options, application, nullptr);
  CLINNOVA_TRY(listener->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                      const HubView& hub) {
  CLINNOVA_TRY(CheckOptions(options));
  auto pages = std::make_unique<HubPages>(hub);
  const HubPages& application = *pages;
  auto listener = std::make_unique<Listener>(options, application, std::move(pages));
  CLINNOVA_TRY(listener->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
HttpServer::~HttpServer() = default;

int HttpServer::port() const { return listener_->port(); }

std::string HttpServer::Url() const {
  const bool v6 = listener_->address().find(':') != std::string::npos;
  const std::string host = v6 ? "[" + listener_->address() + "]" : listener_->address();
  return "http://" + host + ":" + std::to_string(port()) + "/";
}

}  // namespace clinnova::web
