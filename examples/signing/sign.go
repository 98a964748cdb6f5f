// Sends one signed postback, with nothing but Go's standard library (1.19 or later).
//
//	POSTBACK_SECRET=… go run sign.go get  https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
//	POSTBACK_SECRET=… go run sign.go post https://EDGE/tracking/postback/SOURCE CLICK_ID TRANSACTION_ID PAYOUT
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func hmacSHA256(key []byte, message string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

// The signature covers the query exactly as it is sent, so it is appended to that very string.
func signGet(address, secret string, parameters map[string]string) (*http.Request, error) {
	values := url.Values{"ts": {strconv.FormatInt(time.Now().Unix(), 10)}}
	for name, value := range parameters {
		values.Set(name, value)
	}
	query := values.Encode()
	sig := hex.EncodeToString(hmacSHA256([]byte(secret), query))
	return http.NewRequest("GET", address+"?"+query+"&sig="+sig, nil)
}

// Standard Webhooks: three headers over the exact bytes of the body.
func signPost(address, secret string, parameters map[string]string) (*http.Request, error) {
	body, err := json.Marshal(parameters)
	check(err)
	key := []byte(secret)
	if strings.HasPrefix(secret, "whsec_") {
		key, err = base64.StdEncoding.DecodeString(secret[len("whsec_"):])
		check(err)
	}
	random := make([]byte, 16)
	_, err = rand.Read(random)
	check(err)
	id, timestamp := "msg_"+hex.EncodeToString(random), strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmacSHA256(key, id+"."+timestamp+"."+string(body))
	request, err := http.NewRequest("POST", address, bytes.NewReader(body))
	check(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", timestamp)
	request.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac))
	return request, nil
}

func main() {
	if len(os.Args) != 6 {
		check(fmt.Errorf("usage: go run sign.go get|post URL CLICK_ID TRANSACTION_ID PAYOUT"))
	}
	method, address, secret := os.Args[1], os.Args[2], os.Getenv("POSTBACK_SECRET")
	parameters := map[string]string{
		"click_id":       os.Args[3],
		"transaction_id": os.Args[4],
		"event":          "sale",
		"payout":         os.Args[5], // a text: a float would lose cents
		"currency":       "USD",
	}
	sign := signPost
	if method == "get" {
		sign = signGet
	}
	request, err := sign(address, secret, parameters)
	check(err)
	client := &http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(request)
	check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(err)
	fmt.Println(string(text))
	if answer.StatusCode >= 300 {
		os.Exit(1)
	}
}
