// SPDX-License-Identifier: Apache-2.0
// The hub's HTTP door: browser pages, JSON API (docs/openapi.json), /healthz, /readyz, /metrics.
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

#include "core/error.h"
#include "web/hub_view.h"

namespace clinnova::web {

struct HttpServerOptions {
  std::string address = "127.0.0.1";     ///< a loopback address: 127.0.0.1, ::1 or localhost
  int port = 0;                          ///< 0: one that is free
  std::size_t max_body_bytes = 1 << 20;  ///< a longer request body is refused with 413
  int threads = 4;                       ///< requests answered at a time
};

/// A server that runs until it is destroyed.
class HttpServer {
 public:
  /// Binds, listens and answers in its own threads. kInvalidInput: not a loopback address or not a
  /// port; kFailed: the port is taken. `hub` is not owned and outlives the server.
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
