// SPDX-License-Identifier: Apache-2.0
// The HTTP door of a hub and of a site. A hub's: browser pages, JSON API (docs/openapi.json), /healthz,
// /readyz, /metrics. A site's: CDS Hooks (cds_hooks.h).
//
//   auto server = HttpServer::Start({.port = 8443}, hub);
//   if (!server) return Fail(server);
//   Say("http://127.0.0.1:" + std::to_string((*server)->port()));
//
// There is no sign-in yet, so the server listens on loopback addresses only and answers only
// requests that name a loopback host (a page of another origin that points its own name at
// 127.0.0.1 gets 421).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "web/hub_view.h"
#include "web/routes.h"

namespace clinnova::web {

struct HttpServerOptions {
  std::string address = "127.0.0.1";     ///< a loopback address: 127.0.0.1, ::1 or localhost
  int port = 0;                          ///< 0: one that is free
  std::size_t max_body_bytes = 1 << 20;  ///< a longer request body is refused with 413
  int threads = 4;                       ///< requests answered at a time
};

/// What is served; its members are called from several threads at a time and do not throw.
class Application {
 public:
  virtual ~Application() = default;
  /// The answer to GET (and HEAD) of a percent-decoded path without query.
  virtual Reply Get(std::string_view path) const = 0;
  /// Whether POST is an allowed method of the path. No path takes both.
  virtual bool TakesPost(std::string_view path) const = 0;
  /// The answer to POST of a JSON body to a path that takes it.
  virtual Reply Post(std::string_view path, std::string_view body) const = 0;
};

/// A server that runs until it is destroyed.
class HttpServer {
 public:
  /// Binds, listens and answers in its own threads. kInvalidInput: not a loopback address or not a
  /// port; kFailed: the port is taken. `application` is not owned and outlives the server.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   const Application& application);
  /// The same for a hub, which only reads. `hub` is not owned and outlives the server.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                   const HubView& hub);

  /// Ends the answers under way, then the threads.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port it listens on.
  int port() const;

  /// "http://127.0.0.1:8443/", for a person to open.
  std::string Url() const;

 private:
  class Listener;
  explicit HttpServer(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace clinnova::web
