extension PublishedShape {
    static let gateway = PublishedShape(
        """
        addresses[type value] allowedListeners defaultScope gatewayClassName
        infrastructure{annotations labels parametersRef{group kind name}}
        listeners[allowedRoutes{kinds[group kind] namespaces{from selector}} hostname name port protocol tls]
        tls{backend{clientCertificateRef} frontend{default perPort}}
        """)

    static let gatewayClass = PublishedShape(
        "controllerName description parametersRef{group kind name namespace}")

    static let referenceGrant = PublishedShape("from[group kind namespace] to[group kind name]")

    static let httpRoute = PublishedShape(
        """
        hostnames parentRefs[group kind name namespace port sectionName] useDefaultGateways
        rules[
            backendRefs[filters[\(httpFilter)] group kind name namespace port weight] filters[\(httpFilter)]
            matches[headers[name type value] method path{type value} queryParams[name type value]]
            name retry{attempts backoff codes} sessionPersistence{\(sessionPersistence)}
            timeouts{backendRequest request}
        ]
        """)

    static let grpcRoute = PublishedShape(
        """
        hostnames parentRefs[group kind name namespace port sectionName] useDefaultGateways
        rules[
            backendRefs[filters[\(grpcFilter)] group kind name namespace port weight] filters[\(grpcFilter)]
            matches[headers[name type value] method{method service type}]
            name sessionPersistence{\(sessionPersistence)}
        ]
        """)

    private static let grpcFilter = """
        extensionRef{group kind name} type
        requestHeaderModifier{add[name value] remove set[name value]}
        responseHeaderModifier{add[name value] remove set[name value]}
        requestMirror{backendRef{group kind name namespace port} fraction{denominator numerator} percent}
        """

    private static let httpFilter =
        grpcFilter + """
             cors{allowCredentials allowHeaders allowMethods allowOrigins exposeHeaders maxAge}
            externalAuth{
                backendRef{group kind name namespace port} forwardBody{maxSize} grpc{allowedHeaders}
                http{allowedHeaders allowedResponseHeaders path} protocol
            }
            requestRedirect{hostname path{replaceFullPath replacePrefixMatch type} port scheme statusCode}
            urlRewrite{hostname path{replaceFullPath replacePrefixMatch type}}
            """

    private static let sessionPersistence = """
        absoluteTimeout cookie{lifetimeType name path} header{name} idleTimeout sessionName type
        """

    static let serviceEntry = PublishedShape(
        """
        addresses endpoints[\(workloadEndpoint)] exportTo hosts location ports[name number protocol targetPort]
        resolution subjectAltNames workloadSelector{labels}
        """)

    static let workloadEntry = PublishedShape(workloadEndpoint)

    private static let workloadEndpoint = "address labels locality network ports serviceAccount weight"

    static let requestAuthentication = PublishedShape(
        """
        jwtRules[
            audiences forwardOriginalToken fromCookies fromHeaders[name prefix] fromParams issuer jwks jwksUri jwks_uri
            outputClaimToHeaders[claim header] outputPayloadToHeader presence spaceDelimitedClaims timeout
        ]
        selector{matchLabels} targetRef{group kind name namespace} targetRefs[group kind name namespace]
        """)
}
