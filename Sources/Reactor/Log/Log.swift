/// Says what happens in the proxy, one line per event. Any thread may use it.
package struct Log: Sendable {
    package let sink: LogSink
    package let format: LogLine.Format
    package let threshold: LogThreshold

    package init(_ sink: LogSink, format: LogLine.Format, level: LogLine.Level = .info) {
        self.sink = sink
        self.format = format
        threshold = LogThreshold(level)
    }

    package func error(_ scope: String, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.error, scope, message, fields)
    }

    package func warn(_ scope: String, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.warn, scope, message, fields)
    }

    package func info(_ scope: String, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.info, scope, message, fields)
    }

    package func debug(
        _ scope: String, _ message: @autoclosure () -> String, _ fields: KeyValuePairs<String, String> = [:]
    ) {
        if isWritten(.debug) { write(.debug, scope, message(), fields) }
    }

    package func isWritten(_ level: LogLine.Level) -> Bool { threshold.admits(level) }

    private func write(
        _ level: LogLine.Level, _ scope: String, _ message: String, _ fields: KeyValuePairs<String, String>
    ) {
        guard isWritten(level) else { return }
        var line = LogLine(format)
        line.begin(level, scope: scope, message: message, timeMicroseconds: WallClock.microseconds())
        for (key, value) in fields { line.field(key, value) }
        line.end()
        sink.write(line.bytes)
    }
}
