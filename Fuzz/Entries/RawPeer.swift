import Glibc
import HBONE
import Reactor

/// The far end of a tunnel under test: it speaks TLS as it should, and within it says whatever it is told.
final class RawPeer {
    private let tls: TLSSession
    private(set) var isEstablished = false
    private(set) var hasEnded = false
    private let lab: TunnelLab

    init(
        _ context: TLSContext, _ socket: consuming Descriptor, expecting expectation: PeerExpectation, in lab: TunnelLab
    ) throws(TLSFailure) {
        tls = try TLSSession(context, socket, expecting: expectation, lab.peerScratch)
        self.lab = lab
    }

    /// Shakes hands, and reads what is there and drops it.
    func step() {
        guard !hasEnded else { return }
        // Nothing watches the socket: each step looks for itself.
        tls.noteReadable([.readable, .peerClosed])
        if !isEstablished {
            switch tls.handshake() {
            case .established: isEstablished = true
            case .waiting: return
            case .failed: return hasEnded = true
            }
        }
        while !hasEnded {
            switch lab.room.withUnsafeMutableBytes({ tls.read(into: $0) }) {
            case .filled: continue
            case .wouldBlock: return tls.resume()
            case .ended: hasEnded = true
            }
        }
    }

    func send(_ bytes: ArraySlice<UInt8>) {
        guard isEstablished, !hasEnded, !bytes.isEmpty else { return }
        if !bytes.withUnsafeBytes({ tls.write($0) }) { hasEnded = true }
        tls.flush()
    }

    func close() {
        hasEnded = true
        tls.close()
    }
}
